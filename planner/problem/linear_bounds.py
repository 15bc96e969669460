"""Costs linear in bits of either sign: between which ends they lie, and which way more bits take them.

More bits of something may take more time (traffic), less (a tensor stored narrow must be turned back for a
layer in float32), or both at once, where layers of a device measured in integers differ. Whatever takes the
one for granted is no bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evosplit.planner.problem.costs import Choice, Linear


@dataclass(frozen=True)
class Ways:
    """Whether something is ever cheaper with fewer bits, and with more."""

    fewer: bool
    more: bool


def ways(slopes: Iterable[float]) -> Ways:
    """Which way the costs go that have these slopes per bit."""
    found = list(slopes)
    return Ways(any(slope > 0 for slope in found), any(slope < 0 for slope in found))


def ends(slope: float, choices: Sequence[Choice]) -> tuple[float, float]:
    """The least and the most of slope times bits; nothing where there is nothing to choose."""
    found = [slope * choice.bits for choice in choices] or [0.0]
    return min(found), max(found)


def row_ends(
    row: Linear, weights: Sequence[Choice], stored: Mapping[str, Sequence[Choice]]
) -> tuple[float, float]:
    """The least and the most of a row over all bits; ``stored`` are the choices of every tensor."""
    found = [ends(row.per_weight_bit, weights)]
    found += [ends(slope, stored[name]) for name, slope in row.per_bit.items()]
    return row.fixed + sum(low for low, _ in found), row.fixed + sum(high for _, high in found)
