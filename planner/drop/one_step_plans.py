"""Plans whose tensors share one quantiser step, chosen by what answers keep instead of by errors.

Errors at the outputs say which tensor's bytes cost the least noise, and noise says little about how many
boxes a detector keeps. So beside steps that are set apart by their errors one step for all tensors is tried,
from the coarsest on, as error limits are: what holds (at a bandwidth) and is faster (there) is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from evosplit.planner.drop.accuracy import NO_DROP, Choice, Judge, choose_limit, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.one_by_one import admitted_table
from evosplit.planner.drop.table_pieces import faster_of
from evosplit.planner.problem import Problem
from evosplit.planner.problem.one_step import OneStep, one_step_ladders
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices

T = TypeVar("T")
Ladder: TypeAlias = dict[float, Problem]
"""The problem with each step of a ladder, by its share, coarsest first."""


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
    for ladder in _ladders(problem, choices(known)):
        try:
            table, _ = admitted_table(_solved(table_of, ladder), judge, max_drop, list(ladder), known)
        except InfeasibleError:
            continue
        known = faster_of(known, table)
    return known


def one_step_of_a_link(
    problem: Problem,
    judge: Judge,
    max_drop: float,
    plans_of: Callable[[Problem], Sequence[Plan]],
    known: Choice,
) -> tuple[Problem, Choice] | None:
    """The same for the plan of one link: the problem and the choice that beat the ``known`` one."""
    fastest: tuple[Problem, Choice] | None = None
    for ladder in _ladders(problem, known.plans):
        try:
            faster = _unless_slower(judge, known)
            choice = choose_limit(_solved(plans_of, ladder), faster, max_drop, list(ladder))
        except InfeasibleError:
            continue
        if _latency_s(choice) < _latency_s(known):
            known = replace(choice, max_error=known.max_error)
            fastest = ladder[choice.max_error], known
    return fastest


def _solved(solve: Callable[[Problem], T], ladder: Ladder) -> Callable[[float], T]:
    return lambda share: solve(ladder[share])


def _unless_slower(judge: Judge, known: Choice) -> Judge:
    """A judge that does not look at what is no faster: larger steps may be, smaller ones are not."""

    def judged(plan: Plan, most: float) -> Drop:
        return NO_DROP if plan.latency.total_s >= _latency_s(known) else judge(plan, most)

    return judged


def _latency_s(choice: Choice) -> float:
    return max(plan.latency.total_s for plan in choice.plans)


def _ladders(problem: Problem, known: Sequence[Plan]) -> Iterator[Ladder]:
    if problem.limits.max_error is not None or problem.objective != "latency":
        return
    most = limited(problem, max(plan.error for plan in known))
    kinds = itertools.product((False, True), repeat=2)
    for steps in (steps for kind in kinds for steps in one_step_ladders(*kind)):
        if _is_offered(problem, steps[0]):
            yield {step.share: replace(most, one_step=step) for step in steps}


def _is_offered(problem: Problem, step: OneStep) -> bool:
    """Whether the devices can code so, and anything was learned of what tensors are to have."""
    speed = problem.economical if step.are_moved else problem.coded
    if speed is None or (step.are_transformed and problem.transform_s_per_mac is None):
        return False
    steps = [entry for table in problem.errors.activations.values() for entry in table.coded]
    return any(
        (entry.is_corrected or not step.are_restored)
        and (entry.transform is not None or not step.are_transformed)
        for entry in steps
    )
