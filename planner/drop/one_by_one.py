"""Plans of a table admitted one by one: each bandwidth gets the fastest plan whose drop holds there.

Error limits are tried as `evosplit.planner.drop.accuracy.choose_limit` does, the largest first and then by
bisection, but at every bandwidth by itself: where a plan holds, larger limits are tried between its
bandwidths, and where it does not, smaller ones. At any one bandwidth the limits tried are those of one
bisection, and a promise that is tighter fails wherever a looser one fails: it ends at the same limit or a
smaller one, and a smaller limit never makes a plan faster.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from evosplit.planner.drop.accuracy import (
    ERROR_LIMITS,
    NO_DROP,
    Choice,
    Judge,
    check_drop,
    is_exact,
    none_holds,
)
from evosplit.planner.drop.estimate import Drop
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices

_LEAST_BPS: Final = 1.0
"""Below it no prediction is made."""


@dataclass(frozen=True)
class Piece:
    """The plan between two bandwidths."""

    low_bps: float
    high_bps: float
    plan: Plan


def admitted_table(
    table_at: Callable[[float], PlanTable],
    judge: Judge,
    max_drop: float,
    limits: Sequence[float] = ERROR_LIMITS,
) -> tuple[PlanTable, Choice]:
    """The fastest table of plans that hold ``max_drop`` (a share), and the worst drop among them.

    ``table_at(max_error)`` solves. The whole model on the edge is admitted by itself; without a limit at
    which it holds there is none. Raises InfeasibleError where some bandwidth has no plan that holds.
    """
    check_drop(max_drop)
    search = _Search(cache(table_at), judge, max_drop, tuple(limits))
    pieces = list(search.pieces(0.0, math.inf, 0, len(limits), 0, None))
    whole = search.whole()
    table = table_of(search.largest, pieces, whole)
    drops = [search.drop(plan) for plan in choices(table)]
    worst = max(drops, key=lambda drop: drop.promised)
    return table, Choice(search.largest_limit, choices(table), worst)


class _Search:
    """One bisection of limits for every bandwidth; bandwidths that get equal plans share it."""

    def __init__(
        self,
        table_at: Callable[[float], PlanTable],
        judge: Judge,
        max_drop: float,
        limits: tuple[float, ...],
    ) -> None:
        self._table_at, self._judge, self._max_drop, self._limits = table_at, judge, max_drop, limits
        self._seen: list[Drop] = []
        self.largest = table_at(limits[0])
        self.largest_limit = 0.0

    def drop(self, plan: Plan) -> Drop:
        """The drop of one plan; nothing has to show it of one that quantises nothing."""
        return NO_DROP if is_exact(plan) else self._judge(plan, self._max_drop)

    def pieces(
        self, low_bps: float, high_bps: float, first: int, last: int, tried: int, held: Plan | None
    ) -> Iterator[Piece]:
        """What holds between two bandwidths, by limits ``first`` to ``last`` - 1; else what was ``held``."""
        if first >= last:
            if held is None:
                raise none_holds(self._seen, self._max_drop)
            yield Piece(low_bps, high_bps, held)
            return
        table = self._table(tried)
        if table is None:
            yield from self.pieces(low_bps, high_bps, first, tried, (first + tried) // 2, held)
            return
        for piece in pieces_of(table, low_bps, high_bps):
            between = (piece.low_bps, piece.high_bps)
            if self._holds(piece.plan, tried):
                yield from self.pieces(*between, first, tried, (first + tried) // 2, piece.plan)
            else:
                yield from self.pieces(*between, tried + 1, last, (tried + 1 + last) // 2, held)

    def whole(self) -> Plan | None:
        """The fastest admitted plan of the whole model on the edge."""
        first, last, tried, held = 0, len(self._limits), 0, None
        while first < last:
            table = self._table(tried)
            plan = None if table is None else table.fallback
            if plan is not None and not self._holds(plan, tried):
                first = tried + 1
            else:  # a limit that leaves no such plan leaves none below it either
                last, held = tried, plan or held
            tried = (first + last) // 2
        return held

    def _holds(self, plan: Plan, tried: int) -> bool:
        self._seen.append(self.drop(plan))
        holds = self._seen[-1].holds(self._max_drop)
        if holds:
            self.largest_limit = max(self.largest_limit, self._limits[tried])
        return holds

    def _table(self, tried: int) -> PlanTable | None:
        if tried == 0:
            return self.largest
        try:
            return self._table_at(self._limits[tried])
        except InfeasibleError:
            return None


def pieces_of(table: PlanTable, low_bps: float = 0.0, high_bps: float = math.inf) -> Iterator[Piece]:
    """The table's plans between two bandwidths, ascending."""
    edges = (0.0, *table.breakpoints_bps, math.inf)
    for (low, high), plan in zip(itertools.pairwise(edges), table.plans, strict=True):
        low, high = max(low, low_bps), min(high, high_bps)
        if low < high:
            yield Piece(low, high, plan)


def table_of(like: PlanTable, pieces: Sequence[Piece], fallback: Plan | None) -> PlanTable:
    """The table of pieces that follow one another; equal neighbours become one plan.

    Each plan is predicted for the lowest of its bandwidths, as `evosplit.planner.table` does it.
    """
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].plan.without_cost == piece.plan.without_cost:
            merged[-1] = replace(merged[-1], high_bps=piece.high_bps)
        else:
            merged.append(piece)
    lowest = min(plan.link.bandwidth_bps for plan in like.plans)
    plans = tuple(_predicted(piece, max(piece.low_bps, lowest), like.rtt_s) for piece in merged)
    breakpoints = tuple(piece.low_bps for piece in merged[1:])
    return replace(like, breakpoints_bps=breakpoints, plans=plans, fallback=fallback)


def faster_of(first: PlanTable, other: PlanTable) -> PlanTable:
    """At every bandwidth the plan of whichever table is faster there; of equals the first one's."""
    places = sorted({0.0, math.inf, *first.breakpoints_bps, *other.breakpoints_bps})
    pieces: list[Piece] = []
    for low, high in itertools.pairwise(places):
        mine, others = (next(pieces_of(table, low, high)).plan for table in (first, other))
        crossing = _crossing_bps(mine, others, first.rtt_s)
        within = [crossing] if crossing is not None and low < crossing < high else []
        for start, stop in itertools.pairwise([low, *within, high]):
            middle = Link(_middle(start, stop), first.rtt_s)
            is_mine = mine.latency_at(middle).total_s <= others.latency_at(middle).total_s
            pieces.append(Piece(start, stop, mine if is_mine else others))
    return table_of(
        first, pieces, first.fallback if _is_faster(first.fallback, other.fallback) else other.fallback
    )


def _is_faster(plan: Plan | None, other: Plan | None) -> bool:
    if plan is None or other is None:
        return other is None
    return plan.latency.total_s <= other.latency.total_s


def _crossing_bps(plan: Plan, other: Plan, rtt_s: float) -> float | None:
    """Where two plans take equally long: their latencies are A + B / bandwidth."""
    fixed, slope = _line(plan, rtt_s)
    other_fixed, other_slope = _line(other, rtt_s)
    if fixed == other_fixed or slope == other_slope:
        return None
    return (slope - other_slope) / (other_fixed - fixed)


def _line(plan: Plan, rtt_s: float) -> tuple[float, float]:
    fixed = plan.latency_at(Link(math.inf, rtt_s)).total_s
    return fixed, plan.latency_at(Link(1.0, rtt_s)).total_s - fixed


def _middle(low: float, high: float) -> float:
    """Some bandwidth between two."""
    low = max(low, _LEAST_BPS)
    return 2 * low if math.isinf(high) else math.sqrt(low * high)


def _predicted(piece: Piece, bandwidth_bps: float, rtt_s: float) -> Plan:
    link = Link(bandwidth_bps, rtt_s)
    return replace(piece.plan, link=link, latency=piece.plan.latency_at(link))
