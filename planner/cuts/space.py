"""All cuts of a problem side by side, as arrays: what each can cost at best, at any prices of the limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.cuts.dual import Items, Point, Relaxation
from planner.cuts.geometry import Geometry, slopes_by_tensor
from planner.cuts.ideals import Matrix
from planner.cuts.measure import Measure, layer_row, middle_bits, padded
from planner.problem.assignment import Assignment
from planner.problem.costs import Choice, Costs, TensorCost

Floats = NDArray[np.float64]
Wires = dict[int, Choice]
"""Tensor -> how it is sent, where that is decided."""


class Space:
    """The cuts of a problem, and the options of every layer and tensor in terms of a measure."""

    def __init__(self, costs: Costs, measure: Measure, shape: Geometry) -> None:
        self.costs, self.measure = costs, measure
        self.cuts, self.made, self.crossed = shape.cuts, shape.made, shape.crossed
        self.least = shape.least(measure)
        widths = middle_bits(costs.tensors)
        self.rows = [layer_row(layer, measure, widths) for layer in costs.layers]
        self.slopes = slopes_by_tensor(costs, [dict(row.per_bit) for row in self.rows])
        self.fixed_edge = np.array([row.fixed for row in self.rows])
        self.fixed_cloud = np.array([measure.cloud * layer.cloud_s for layer in costs.layers])
        self.always = measure.edge * costs.always_s
        self._set_options()

    def _set_options(self) -> None:
        costs = self.costs
        self._producer = np.array([one.producer for one in costs.tensors])
        self._last = np.array([one.last_use for one in costs.tensors])
        self.weighted = np.array([index for index, layer in enumerate(costs.layers) if layer.weights], int)
        self.weight_items = padded(
            [
                [
                    (self.rows[index].per_weight_bit * choice.bits, choice.size_bytes, choice.error)
                    for choice in costs.layers[index].weights
                ]
                for index in self.weighted
            ]
        )
        inside, outside = [], []
        for index, tensor in enumerate(costs.tensors):
            slopes = self.slopes[index]
            total, own = sum(slopes.values()), slopes.get(tensor.producer, 0.0)
            inside.append([(total * c.bits, c.size_bytes, c.error) for c in tensor.activation])
            outside.append(self.sent_options(tensor, own, tensor.wire) or [(math.inf, 0.0, 0.0)])
        self.inside, self.outside = padded(inside), padded(outside)

    def sent_options(
        self, tensor: TensorCost, slope: float, wires: tuple[Choice, ...]
    ) -> list[tuple[float, float, float]]:
        """(value, memory, error) of every pair of activation bits and way to send, in that order."""
        return [
            (
                slope * kept.bits + self.measure.wire(self.costs, sent),
                kept.size_bytes,
                kept.error + (0.0 if sent.is_exact(kept.bits) else sent.error),
            )
            for kept in tensor.activation
            for sent in wires
        ]

    def is_hopeless(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Per chosen cut: whether even the fewest bytes, or the most accurate options, break a limit."""
        limits, costs = self.costs.limits, self.costs
        cuts, made = self.cuts[chosen], self.made[chosen]
        inside, crossed = made & ~self.crossed[chosen], self.crossed[chosen]
        weights = np.zeros((2, len(costs.layers)))
        if self.weighted.size:
            weights[0, self.weighted] = self.weight_items.memory.min(axis=1)
            weights[1, self.weighted] = self.weight_items.error.min(axis=1)
        error = cuts @ weights[1] + inside @ self.inside.error.min(axis=1)
        error += crossed @ self.outside.error.min(axis=1)
        hopeless = error > limits.error_limit * (1 + 1e-9) + 1e-15
        if limits.memory_bytes is not None:
            sizes = np.array([min(c.size_bytes for c in one.activation) for one in costs.tensors], float)
            held = self._held(chosen, sizes).max(axis=1, initial=0.0)
            hopeless |= cuts @ weights[0] + held > limits.memory_bytes
        return np.asarray(hopeless)

    def at_peak(self, chosen: NDArray[np.int64]) -> Matrix:
        """(chosen cuts, tensors): those alive when the most bytes are, at middling bits.

        Any one step gives a bound; this one is likely the tightest.
        """
        costs = self.costs
        sizes = np.array(
            [one.activation[len(one.activation) // 2].size_bytes for one in costs.tensors], float
        )
        step = self._held(chosen, sizes).argmax(axis=1)[:, None]
        if costs.limits.memory_model == "paper":
            return np.asarray(self.made[chosen] & (step == np.arange(len(sizes))) & (self._producer >= 0))
        alive = (step <= self._last) | self.crossed[chosen]
        return np.asarray(self.made[chosen] & (self._producer <= step) & alive)

    def _held(self, chosen: NDArray[np.int64], sizes: Floats) -> Floats:
        """Bytes of activations per chosen cut and step; in the paper's model, per tensor by itself."""
        made, crossed = self.made[chosen], self.crossed[chosen]
        if self.costs.limits.memory_model == "paper":
            return np.where(made & (self._producer >= 0), sizes, 0.0)
        steps = np.arange(len(self.costs.layers))
        alive = (self._producer[:, None] <= steps) & (steps <= self._last[:, None])
        held = made @ (sizes[:, None] * alive) + crossed @ (sizes[:, None] * (steps > self._last[:, None]))
        idle = ~self.cuts[chosen]
        idle[idle.all(axis=1), 0] = False  # a cut without layers holds the inputs
        held[idle] = -1.0
        return np.asarray(held)

    def bounds(self, chosen: NDArray[np.int64], peak: Matrix, p: float, q: float) -> Floats:
        """A bound per chosen cut at prices ``p`` of a byte and ``q`` of error; ``peak`` from `at_peak`."""
        limits = self.costs.limits
        cuts, made, crossed = self.cuts[chosen], self.made[chosen], self.crossed[chosen]
        edge = self.fixed_edge.copy()
        if self.weighted.size:
            edge[self.weighted] += _cheapest(self.weight_items, p, q)
        always = self.fixed_cloud.sum() + self.measure.frame + self.always
        bound = cuts @ (edge - self.fixed_cloud) + always
        bound[cuts.all(axis=1)] -= self.measure.frame
        for mask, price in ((peak, p), (~peak, 0.0)):
            bound += (made & ~crossed & mask) @ _cheapest(self.inside, price, q)
            bound += (crossed & mask) @ np.nan_to_num(_cheapest(self.outside, price, q), posinf=0.0)
        bound -= q * limits.error_limit
        return np.asarray(bound - p * limits.memory_bytes if limits.memory_bytes is not None else bound)

    def relaxation(self, cut: int, peak: NDArray[np.bool_], wires: Wires) -> Relaxation:
        """One cut by itself, with some of its ways to send decided."""
        limits, on_edge = self.costs.limits, self.cuts[cut]
        inside = np.flatnonzero(self.made[cut] & ~self.crossed[cut])
        weights = np.flatnonzero(on_edge[self.weighted]) if self.weighted.size else self.weighted
        fixed = float(self.fixed_edge[on_edge].sum() + self.fixed_cloud[~on_edge].sum()) + self.always
        return Relaxation(
            blocks=(
                _rows(self.weight_items, weights),
                _rows(self.inside, inside, peak[inside]),
                self._sent(cut, peak, wires),
            ),
            fixed=fixed + (0.0 if on_edge.all() else self.measure.frame),
            memory_left=math.inf if limits.memory_bytes is None else limits.memory_bytes,
            error_left=limits.error_limit,
        )

    def sent(self, cut: int) -> list[int]:
        """The tensors that cross."""
        return [int(index) for index in np.flatnonzero(self.crossed[cut])]

    def ways(self, cut: int, index: int, wires: Wires) -> tuple[Choice, ...]:
        """How a tensor that crosses may be sent; pictures leave before anything runs."""
        if index in wires:
            return (wires[index],)
        offered = self.costs.tensors[index].wire
        return tuple(one for one in offered if not one.is_picture) if self.cuts[cut].any() else offered

    def _sent(self, cut: int, peak: NDArray[np.bool_], wires: Wires) -> Items:
        rows = []
        on_edge = self.cuts[cut]
        for index in self.sent(cut):
            tensor = self.costs.tensors[index]
            slope = sum(slope for layer, slope in self.slopes[index].items() if on_edge[layer])
            ways = self.ways(cut, index, wires)
            held = 1.0 if peak[index] else 0.0
            rows.append([(v, held * m, e) for v, m, e in self.sent_options(tensor, slope, ways)])
        return padded(rows)

    def restricted(self, cut: int, wires: Wires, regrets: tuple[Floats, ...], allowed: float) -> Costs:
        """The costs with the ways to send decided, and no option of more regret than is allowed."""
        costs, on_edge = self.costs, self.cuts[cut]
        layers, tensors = list(costs.layers), list(costs.tensors)
        for at, index in enumerate(self.weighted[on_edge[self.weighted]] if self.weighted.size else ()):
            layer = layers[index]
            keep = regrets[0][at] <= allowed
            layers[index] = replace(layer, weights=_kept(layer.weights, keep))
        for at, index in enumerate(np.flatnonzero(self.made[cut] & ~self.crossed[cut]).tolist()):
            tensor = tensors[index]
            keep = regrets[1][at] <= allowed
            tensors[index] = replace(tensor, activation=_kept(tensor.activation, keep))
        for index, wire in wires.items():
            tensors[index] = replace(tensors[index], wire=(wire,))
        return replace(costs, layers=tuple(layers), tensors=tuple(tensors))

    def assignment(self, cut: int, wires: Wires, point: Point) -> Assignment:
        """The choices at a point of the cut's relaxation."""
        tensors, on_edge = self.costs.tensors, self.cuts[cut]
        inside = np.flatnonzero(self.made[cut] & ~self.crossed[cut])
        weighted = self.weighted[on_edge[self.weighted]] if self.weighted.size else self.weighted
        weights, activations = {}, {}
        for layer, pick in zip(weighted, point.picks[0], strict=True):
            choices = self.costs.layers[layer].weights
            weights[self.costs.layers[layer].name] = choices[min(pick, len(choices) - 1)].bits
        for index, pick in zip(inside.tolist(), point.picks[1], strict=True):
            choices = tensors[index].activation
            activations[tensors[index].name] = choices[min(pick, len(choices) - 1)].bits
        wire, codecs = {}, {}
        for index, pick in zip(self.sent(cut), point.picks[2], strict=True):
            one = tensors[index]
            ways = self.ways(cut, index, wires)
            at = min(int(pick), len(one.activation) * len(ways) - 1)
            activations[one.name] = one.activation[at // len(ways)].bits
            wire[one.name], codecs[one.name] = ways[at % len(ways)].bits, ways[at % len(ways)].codec
        return Assignment(frozenset(map(int, np.flatnonzero(on_edge))), weights, activations, wire, codecs)


def _cheapest(items: Items, p: float, q: float) -> Floats:
    return np.asarray((items.value + p * items.memory + q * items.error).min(axis=1))


def _rows(items: Items, chosen: NDArray[np.int64], held: NDArray[np.bool_] | None = None) -> Items:
    memory = items.memory[chosen]
    return Items(items.value[chosen], memory if held is None else memory * held[:, None], items.error[chosen])


def _kept(choices: tuple[Choice, ...], keep: NDArray[np.bool_]) -> tuple[Choice, ...]:
    return tuple(choice for choice, kept in zip(choices, keep, strict=False) if kept)
