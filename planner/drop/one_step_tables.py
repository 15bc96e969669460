"""Plan tables whose tensors share one quantiser step, chosen by what answers keep instead of by errors.

Errors at the outputs say which tensor's bytes cost the least noise, and noise says little about how many
boxes a detector keeps. So beside steps that are set apart by their errors one step for all tensors is tried,
from the coarsest on, as error limits are: what holds at a bandwidth and is faster there is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from evosplit.planner.drop.accuracy import Judge, limited
from evosplit.planner.drop.one_by_one import admitted_table
from evosplit.planner.drop.table_pieces import faster_of
from evosplit.planner.problem import Problem
from evosplit.planner.problem.one_step import OneStep, one_step_ladders
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices


def with_one_step(
    problem: Problem,
    judge: Judge,
    max_drop: float,
    table_of: Callable[[Problem], PlanTable],
    known: PlanTable,
) -> PlanTable:
    """A ``known`` table, and where that is faster plans of one step whose drop holds: no bandwidth is slower.

    Heads get the errors that they have in the known table at most. As it is where an error limit is asked
    for, which plans of one step do not count, and where something else than latency counts.
    """
    if problem.limits.max_error is not None or problem.objective != "latency":
        return known
    most = max(plan.error for plan in choices(known))
    for ladder in (*one_step_ladders(), *one_step_ladders(with_restored=True)):
        if _is_offered(problem, ladder[0]):
            known = _with_ladder(limited(problem, most), judge, max_drop, table_of, known, ladder)
    return known


def _is_offered(problem: Problem, step: OneStep) -> bool:
    """Whether the devices can code so, and anything is restored where tensors are to be."""
    speed = problem.economical if step.are_moved else problem.coded
    ladders = (table.coded for table in problem.errors.activations.values())
    is_learned = any(entry.restoration is not None for ladder in ladders for entry in ladder)
    return speed is not None and (is_learned or not step.are_restored)


def _with_ladder(
    problem: Problem,
    judge: Judge,
    max_drop: float,
    table_of: Callable[[Problem], PlanTable],
    known: PlanTable,
    ladder: Sequence[OneStep],
) -> PlanTable:
    by_share = {step.share: replace(problem, one_step=step) for step in ladder}
    try:
        table, _ = admitted_table(
            lambda share: table_of(by_share[share]), judge, max_drop, list(by_share), known
        )
    except InfeasibleError:
        return known
    return faster_of(known, table)
