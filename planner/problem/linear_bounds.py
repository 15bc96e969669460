"""Interval bounds of costs that are linear in bits, of either sign.

More bits of something may take more time (traffic), less (a tensor stored narrow must be turned back for a
layer in float32), or both at once, where layers of a device measured in integers differ. Whatever takes the
one for granted is no bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from evosplit.planner.problem.costs import Choice, Costs, Linear

_DECIMALS: Final = 12
"""Decimals of a second or joule that count: differences of equal times are zero up to rounding."""


def ends(slope: float, choices: Sequence[Choice]) -> tuple[float, float]:
    """The least and the most of slope times bits; nothing where there is nothing to choose."""
    amounts = [slope * choice.bits for choice in choices] or [0.0]
    return min(amounts), max(amounts)


def row_ends(
    row: Linear, weights: Sequence[Choice], stored: Mapping[str, Sequence[Choice]]
) -> tuple[float, float]:
    """The least and the most of a row over all bits; ``stored`` are the choices of every tensor."""
    intervals = [ends(row.per_weight_bit, weights)]
    intervals += [ends(slope, stored[name]) for name, slope in row.per_bit.items()]
    return row.fixed + sum(low for low, _ in intervals), row.fixed + sum(high for _, high in intervals)


def accepts(costs: Costs) -> bool:
    """Whether there is at least one layer, and every number is finite and not negative.

    Of rows that is what they come to: at no choice of bits does a layer take less than no joules, and one of
    its rows of seconds never less than none. What rows hold may be negative.
    """
    numbers = [costs.limits.error_limit, costs.frame_s, costs.prepare_s, costs.pack_s]
    numbers += [layer.cloud_s for layer in costs.layers]
    for row in (row for layer in costs.layers for row in (*layer.edge_s, layer.energy_j)):
        numbers += [abs(number) for number in (row.fixed, row.per_weight_bit, *row.per_bit.values())]
    stored = {tensor.name: tensor.activation for tensor in costs.tensors}
    for layer in costs.layers:
        least_s = max(row_ends(row, layer.weights, stored)[0] for row in layer.edge_s)
        least_j = row_ends(layer.energy_j, layer.weights, stored)[0]
        numbers += [round(least_s, _DECIMALS), round(least_j, _DECIMALS)]
    for choice in _all_choices(costs):
        numbers += [choice.size_bytes, choice.error, choice.edge_s, choice.cloud_s]
    return bool(costs.layers) and all(math.isfinite(number) and number >= 0 for number in numbers)


def _all_choices(costs: Costs) -> Iterator[Choice]:
    for layer in costs.layers:
        yield from layer.weights
    for tensor in costs.tensors:
        yield from (*tensor.activation, *tensor.wire)
