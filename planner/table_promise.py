"""Accuracy promise of a plan table: its plans are admitted one by one.

By default a plan whose drop cannot be shown may be served where it is as safe as
`evosplit.planner.accuracy_promise.SAFE_BITS`, and the inputs do not speak against it: so each bandwidth gets
the faster of the plan that is shown to hold and the safe one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from evosplit.planner.accuracy_promise import Kept, Promise, most_accurate, safe, unjudged
from evosplit.planner.drop.accuracy import ERROR_LIMITS, NO_DROP, Choice, Judge, is_exact, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.one_by_one import admitted_table
from evosplit.planner.drop.one_step_plans import with_one_step
from evosplit.planner.drop.pictures import admitted, table_with_errors
from evosplit.planner.drop.table_pieces import faster_of
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices

TableOf: TypeAlias = Callable[[Problem], PlanTable]


def keep_table(
    problem: Problem, promise: Promise, judge: Judge | None, table_of: TableOf = plan_table
) -> tuple[PlanTable, Kept]:
    """The fastest table whose plans keep a promise. ``judge`` None: there are no inputs to judge by.

    Raises InfeasibleError where the other limits leave no plan, or none that keeps a strict promise.
    """
    if judge is None or promise.max_drop is None:
        kept = unjudged(problem, promise)
        return table_with_errors(table_of(kept.problem), problem), kept
    judged = admitted(problem, judge, promise.max_drop)
    try:
        shown = _with_one_step(judged, judge, promise.max_drop, table_of)
    except InfeasibleError:
        if promise.is_strict:
            raise
        shown = None
    if promise.is_strict and shown is not None:
        table, choice = shown
        return table_with_errors(table, problem), Kept(
            limited(judged, choice.max_error), True, choice, len(choice.plans)
        )
    table, kept = _by_default(judged, judge, promise.max_drop, table_of, shown)
    return table_with_errors(table, problem), kept


def _with_one_step(
    problem: Problem, judge: Judge, max_drop: float, table_of: TableOf
) -> tuple[PlanTable, Choice]:
    """Plans that are shown to hold: steps by tensor, or one step for all of them where that is faster."""
    by_error, choice = _admitted(problem, judge, max_drop, table_of, ERROR_LIMITS)
    table = with_one_step(problem, judge, max_drop, table_of, by_error)
    drops = _drops(choices(table), judge, max_drop)
    return table, replace(choice, plans=choices(table), drop=_worst(drops))


def _drops(plans: Sequence[Plan], judge: Judge, max_drop: float) -> list[Drop]:
    return [NO_DROP if is_exact(plan) else judge(plan, max_drop) for plan in plans]


def _worst(drops: Sequence[Drop]) -> Drop:
    return max(drops, key=lambda drop: drop.promised)


def _by_default(
    problem: Problem,
    judge: Judge,
    max_drop: float,
    table_of: TableOf,
    shown: tuple[PlanTable, Choice] | None,
) -> tuple[PlanTable, Kept]:
    """Shown or safe plans, whichever are faster; if there is neither, the most accurate ones."""

    def on_these(plan: Plan, most: float) -> Drop:
        drop = judge(plan, most)
        return replace(drop, upper=drop.expected)

    usual = [limit for limit in ERROR_LIMITS if limit <= DEFAULT_MAX_ERROR]
    try:
        unshown = _admitted(safe(problem), on_these, max_drop, table_of, usual)
    except InfeasibleError:
        if shown is None:
            best = most_accurate(problem, lambda asked: choices(table_of(asked)))
            return table_of(best), Kept(best)
        unshown = shown
    table = unshown[0] if shown is None else faster_of(shown[0], unshown[0])
    limits = [choice.max_error for _, choice in filter(None, (shown, unshown))]
    return table, _kept(problem, judge, max_drop, table, max(limits))


def _kept(problem: Problem, judge: Judge, max_drop: float, table: PlanTable, max_error: float) -> Kept:
    plans = choices(table)
    drops = _drops(plans, judge, max_drop)
    shown = sum(drop.holds(max_drop) for drop in drops)
    choice = Choice(max_error, plans, _worst(drops))
    return Kept(limited(problem, max_error), shown == len(plans), choice, shown)


def _admitted(
    problem: Problem, judge: Judge, max_drop: float, table_of: TableOf, limits: Sequence[float]
) -> tuple[PlanTable, Choice]:
    """By error limits of at most the problem's own."""
    own = problem.limits.max_error
    tried = list(limits) if own is None else [own, *(limit for limit in limits if limit < own)]
    return admitted_table(lambda limit: table_of(limited(problem, limit)), judge, max_drop, tried)
