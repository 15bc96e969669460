"""Dominance pruning of bit-widths: another one beats or equals them in all that counts."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost


@dataclass(frozen=True)
class Ways:
    """Whether something is ever cheaper with fewer bits, and with more."""

    fewer: bool
    more: bool


def ways(slopes: Iterable[float]) -> Ways:
    """Which way the costs go that have these slopes per bit."""
    known = list(slopes)
    return Ways(any(slope > 0 for slope in known), any(slope < 0 for slope in known))


_NEITHER: Final = Ways(False, False)


def pruned(costs: Costs) -> Costs:
    """Costs without choices that another one dominates: no optimum changes."""
    sized = costs.limits.memory_bytes is not None
    slopes: dict[str, list[float]] = {tensor.name: [] for tensor in costs.tensors}
    for row in (row for layer in costs.layers for row in _rows(layer)):
        for name, slope in row.per_bit.items():
            slopes[name].append(slope)
    return replace(
        costs,
        layers=tuple(_pruned_layer(layer, sized) for layer in costs.layers),
        tensors=tuple(_pruned_tensor(tensor, sized, ways(slopes[tensor.name])) for tensor in costs.tensors),
    )


def _rows(layer: LayerCost) -> tuple[Linear, ...]:
    return (*layer.edge_s, layer.energy_j)


def _pruned_layer(layer: LayerCost, sized: bool) -> LayerCost:
    cheaper = ways(row.per_weight_bit for row in _rows(layer))
    return replace(layer, weights=undominated(layer.weights, sized, cheaper=cheaper))


def _pruned_tensor(tensor: TensorCost, sized: bool, cheaper: Ways) -> TensorCost:
    """Fewer bits of an activation are always more ways to send it without further loss."""
    activation = undominated(tensor.activation, sized, cheaper=replace(cheaper, fewer=True))
    stored = tuple(choice.bits for choice in activation)
    pictures = undominated((choice for choice in tensor.wire if choice.is_picture), True, stored)
    tensors = undominated((choice for choice in tensor.wire if not choice.is_picture), True, stored)
    return replace(tensor, activation=activation, wire=(*tensors, *pictures))


def undominated(
    choices: Iterable[Choice],
    size_matters: bool,
    stored_bits: tuple[int, ...] = (),
    cheaper: Ways = _NEITHER,
) -> tuple[Choice, ...]:
    """Choices that no other one beats or equals in size, error and time at once, most bits first.

    Leaving the others out does not change the optimum: each has a replacement that is no worse in
    anything. Where size does not matter (no memory limit), it is not compared. ``stored_bits`` are the
    widths at which a tensor to be sent may be stored: the error on the wire depends on them. ``cheaper`` says
    whether fewer bits, or more, are worth something in themselves (time, joules); where both are, only equal
    bits compare.
    """
    kept: list[tuple[Choice, tuple[float, ...]]] = []
    for choice in sorted(choices, key=lambda choice: -choice.bits):
        mine = _merits(choice, size_matters, stored_bits, cheaper)
        if not any(all(map(operator.le, other, mine)) for _, other in kept):
            kept = [pair for pair in kept if not all(map(operator.le, mine, pair[1]))]
            kept.append((choice, mine))
    return tuple(choice for choice, _ in kept)


def _merits(
    choice: Choice, size_matters: bool, stored_bits: tuple[int, ...], cheaper: Ways
) -> tuple[float, ...]:
    errors = [0.0 if choice.is_exact(bits) else choice.error for bits in stored_bits] or [choice.error]
    size = choice.size_bytes if size_matters else 0
    bits = (choice.bits if cheaper.fewer else 0, -choice.bits if cheaper.more else 0)
    return (size, *bits, choice.edge_s, choice.cloud_s, *errors)
