"""Relaxation of one cut by itself, and the choices at a point of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.cuts.cut_bounds import Floats, Space
from evosplit.planner.cuts.lagrangian_bounds import Items, Point, Relaxation
from evosplit.planner.cuts.linear_objective import padded
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Choice, Costs

Wires = dict[int, Choice]
"""Tensor -> how it is sent, where that is decided."""


def relaxation(space: Space, cut: int, peak: NDArray[np.bool_], wires: Wires) -> Relaxation:
    """One cut by itself, with some of its ways to send decided."""
    limits, on_edge = space.costs.limits, space.cuts[cut]
    inside = np.flatnonzero(space.made[cut] & ~space.crossed[cut])
    weights = np.flatnonzero(on_edge[space.weighted]) if space.weighted.size else space.weighted
    fixed = float(space.fixed_edge[on_edge].sum() + space.fixed_cloud[~on_edge].sum()) + space.always
    return Relaxation(
        blocks=(
            _rows(space.weight_items, weights),
            _rows(space.inside, inside, peak[inside]),
            _sent(space, cut, peak, wires),
        ),
        fixed=fixed + (0.0 if on_edge.all() else space.measure.frame),
        memory_left=math.inf if limits.memory_bytes is None else limits.memory_bytes,
        error_left=limits.error_limit,
    )


def sent(space: Space, cut: int) -> list[int]:
    """The tensors that cross."""
    return [int(index) for index in np.flatnonzero(space.crossed[cut])]


def ways(space: Space, cut: int, index: int, wires: Wires) -> tuple[Choice, ...]:
    """How a tensor that crosses may be sent; pictures leave before anything runs."""
    if index in wires:
        return (wires[index],)
    offered = space.costs.tensors[index].wire
    return tuple(choice for choice in offered if not choice.is_picture) if space.cuts[cut].any() else offered


def _sent(space: Space, cut: int, peak: NDArray[np.bool_], wires: Wires) -> Items:
    rows = []
    on_edge = space.cuts[cut]
    for index in sent(space, cut):
        tensor = space.costs.tensors[index]
        slope = sum(slope for layer, slope in space.slopes[index].items() if on_edge[layer])
        offered = ways(space, cut, index, wires)
        held = 1.0 if peak[index] else 0.0
        rows.append([(v, held * m, e) for v, m, e in space.sent_options(tensor, slope, offered)])
    return padded(rows)


def restricted(space: Space, cut: int, wires: Wires, regrets: tuple[Floats, ...], allowed: float) -> Costs:
    """The costs with the ways to send decided, and no option of more regret than is allowed."""
    costs, on_edge = space.costs, space.cuts[cut]
    layers, tensors = list(costs.layers), list(costs.tensors)
    for row, index in enumerate(space.weighted[on_edge[space.weighted]] if space.weighted.size else ()):
        layer = layers[index]
        keep = regrets[0][row] <= allowed
        layers[index] = replace(layer, weights=_kept(layer.weights, keep))
    for row, index in enumerate(np.flatnonzero(space.made[cut] & ~space.crossed[cut]).tolist()):
        tensor = tensors[index]
        keep = regrets[1][row] <= allowed
        tensors[index] = replace(tensor, activation=_kept(tensor.activation, keep))
    for index, wire in wires.items():
        tensors[index] = replace(tensors[index], wire=(wire,))
    return replace(costs, layers=tuple(layers), tensors=tuple(tensors))


def assignment(space: Space, cut: int, wires: Wires, point: Point) -> Assignment:
    """The choices at a point of the cut's relaxation."""
    tensors, on_edge = space.costs.tensors, space.cuts[cut]
    inside = np.flatnonzero(space.made[cut] & ~space.crossed[cut])
    weighted = space.weighted[on_edge[space.weighted]] if space.weighted.size else space.weighted
    weights, activations = {}, {}
    for layer, pick in zip(weighted, point.picks[0], strict=True):
        choices = space.costs.layers[layer].weights
        weights[space.costs.layers[layer].name] = choices[min(pick, len(choices) - 1)].bits
    for index, pick in zip(inside.tolist(), point.picks[1], strict=True):
        choices = tensors[index].activation
        activations[tensors[index].name] = choices[min(pick, len(choices) - 1)].bits
    wire, codecs = {}, {}
    for index, pick in zip(sent(space, cut), point.picks[2], strict=True):
        tensor = tensors[index]
        offered = ways(space, cut, index, wires)
        pair = min(int(pick), len(tensor.activation) * len(offered) - 1)
        activations[tensor.name] = tensor.activation[pair // len(offered)].bits
        wire[tensor.name], codecs[tensor.name] = (
            offered[pair % len(offered)].bits,
            offered[pair % len(offered)].codec,
        )
    return Assignment(frozenset(map(int, np.flatnonzero(on_edge))), weights, activations, wire, codecs)


def _rows(items: Items, chosen: NDArray[np.int64], held: NDArray[np.bool_] | None = None) -> Items:
    memory = items.memory[chosen]
    return Items(items.value[chosen], memory if held is None else memory * held[:, None], items.error[chosen])


def _kept(choices: tuple[Choice, ...], keep: NDArray[np.bool_]) -> tuple[Choice, ...]:
    return tuple(choice for choice, kept in zip(choices, keep, strict=False) if kept)
