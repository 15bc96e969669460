"""Prefetch order of tails: those of plan tables that were handed out, the most likely first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from evosplit.shared.plan import Plan, PlanTable

_SLOWEST_BPS: Final = 1e5
_FASTEST_BPS: Final = 1e9
"""Bandwidths beyond these are rare; between them each decade is taken to be as likely as another."""


class PlannedTail(NamedTuple):
    """The tail of a model, by name and content, behind a cut (`Cut.key`) and restorations."""

    model: str
    model_sha256: str
    cut_key: str
    restorations: tuple[str, ...] = ()


def planned_tails(tables: Iterable[PlanTable]) -> tuple[PlannedTail, ...]:
    """The most likely tail of every table, then every second one, and so on; each once."""
    ranks = itertools.zip_longest(*(_of_table(table) for table in tables))
    return tuple(dict.fromkeys(tail for rank in ranks for tail in rank if tail is not None))


def _of_table(table: PlanTable) -> list[PlannedTail]:
    """By the decades of bandwidth for which their plans hold; plans that send nothing have no tail."""
    ends = [0.0, *table.breakpoints_bps, math.inf]
    decades: dict[PlannedTail, float] = {}
    for plan, (low, high) in zip(table.plans, itertools.pairwise(ends), strict=True):
        if plan.wire_bytes:
            tail = PlannedTail(table.model, table.model_sha256, plan.cut_key, _restorations(plan))
            decades[tail] = decades.get(tail, 0.0) + _decades(low, high)
    return sorted(decades, key=lambda tail: -decades[tail])


def _restorations(plan: Plan) -> tuple[str, ...]:
    """In the order of the frame's tensors, as the data plane keys its tails."""
    codes = (plan.wire.get(name) for name in plan.boundary)
    return tuple(code.restoration for code in codes if code is not None and code.restoration is not None)


def _decades(low_bps: float, high_bps: float) -> float:
    low, high = max(low_bps, _SLOWEST_BPS), min(high_bps, _FASTEST_BPS)
    return math.log10(high / low) if high > low else 0.0
