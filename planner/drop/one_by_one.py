"""Plans of a table admitted one by one: each bandwidth gets the fastest plan whose drop holds there.

Error limits are tried as `evosplit.planner.drop.accuracy.choose_limit` does, the largest first and then by
bisection, but at every bandwidth by itself: where a plan holds, larger limits are tried between its
bandwidths, and where it does not, smaller ones. At any one bandwidth the limits tried are those of one
bisection, and a promise that is tighter fails wherever a looser one fails: it ends at the same limit or a
smaller one, and a smaller limit never makes a plan faster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

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
from evosplit.planner.drop.table_pieces import Piece, is_faster_within, pieces_of, table_of
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices


def admitted_table(
    table_at: Callable[[float], PlanTable],
    judge: Judge,
    max_drop: float,
    limits: Sequence[float] = ERROR_LIMITS,
    known: PlanTable | None = None,
) -> tuple[PlanTable, Choice]:
    """The fastest table of plans that hold ``max_drop`` (a share), and the worst drop among them.

    ``table_at(max_error)`` solves. The whole model on the edge is admitted by itself; without a limit at
    which it holds there is none. Where a ``known`` table, whose plans hold, is as fast it stays, and nothing
    slower is judged. Raises InfeasibleError where some bandwidth has no plan that holds.
    """
    check_drop(max_drop)
    search = _Search(cache(table_at), judge, max_drop, tuple(limits), known)
    pieces = list(search.pieces(0.0, math.inf, 0, len(limits), 0, None))
    whole = search.whole() if known is None else known.fallback
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
        known: PlanTable | None,
    ) -> None:
        self._known = known
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
            yield from self._held(low_bps, high_bps, held)
            return
        table = self._table(tried)
        if table is None:
            yield from self.pieces(low_bps, high_bps, first, tried, (first + tried) // 2, held)
            return
        for piece in pieces_of(table, low_bps, high_bps):
            between = (piece.low_bps, piece.high_bps)
            if self._known is not None and not is_faster_within(piece, self._known):
                yield from self.pieces(*between, first, tried, (first + tried) // 2, held)
            elif self._holds(piece.plan, tried):
                yield from self.pieces(*between, first, tried, (first + tried) // 2, piece.plan)
            else:
                yield from self.pieces(*between, tried + 1, last, (tried + 1 + last) // 2, held)

    def _held(self, low_bps: float, high_bps: float, held: Plan | None) -> Iterator[Piece]:
        """What holds at last; without it what is known already."""
        if held is not None:
            yield Piece(low_bps, high_bps, held)
        elif self._known is not None:
            yield from pieces_of(self._known, low_bps, high_bps)
        else:
            raise none_holds(self._seen, self._max_drop)

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
