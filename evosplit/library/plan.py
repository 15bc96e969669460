"""Plans for one link: where to cut, how many bits everything gets, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evosplit.library.model import Model
from evosplit.library.plan_report import PlanReport
from evosplit.library.progress import Progress
from evosplit.library.promise import Promised, keep_promise, promised_table
from evosplit.library.setting import PlanningOptions, Setting, setting_of
from evosplit.planner.drop.pictures import with_errors
from evosplit.planner.latency_interval import latency_interval
from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Objective
from evosplit.planner.solve import solve
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.plan import Plan, PlanTable

if TYPE_CHECKING:
    from typing_extensions import Unpack


def plan(
    model: Model,
    bandwidth_bps: float,
    objective: Objective = "latency",
    max_drop: float | None = None,
    *,
    progress: Progress | None = None,
    **options: Unpack[PlanningOptions],
) -> PlanReport:
    """Choose where to cut a model and how many bits everything gets, for one link of ``bandwidth_bps``.

    ``objective`` is what to have the least of: ``latency``, ``throughput`` (seconds of the slowest stage),
    ``energy`` or ``cloud`` seconds. ``max_drop`` is the share of accuracy, or of agreement with the float
    network, that plans may cost; 0.01, as far as the calibration can show it, unless it or an error limit is
    given.

    Raises InfeasibleError that names the limit which cannot be met, InputError, ProfileError, UsageError.
    """
    return plan_in(setting_of(model, options, progress), bandwidth_bps, objective, max_drop, progress)


def plan_in(
    setting: Setting,
    bandwidth_bps: float,
    objective: Objective,
    max_drop: float | None,
    progress: Progress | None = None,
) -> PlanReport:
    """As `plan`, in a setting."""
    offered = setting.problem(bandwidth_bps, objective)
    promised = keep_promise(setting, offered, max_drop, _asked_plan, progress)
    problem = promised.kept.problem
    solution = solve(problem)
    solution = replace(solution, plan=with_errors(solution.plan, offered))
    table = _table(offered, promised)
    is_missing = isinstance(table, EvoSplitError)
    missing = (f"{setting.model.name}: no table over bandwidths: {table}",) if is_missing else ()
    return PlanReport(
        problem.graph,
        solution,
        latency_interval(solution.plan, problem.edge, problem.cloud),
        table if isinstance(table, PlanTable) else None,
        promised,
        (*setting.notes, *promised.notes, *missing),
    )


def _asked_plan(problem: Problem) -> Sequence[Plan]:
    return [solve(problem).plan]


def _table(problem: Problem, promised: Promised) -> PlanTable | EvoSplitError:
    """The table, or why there is none: the plan for the one link stands without it."""
    try:
        return promised_table(_over_links(problem), promised)
    except EvoSplitError as reason:
        return reason


def _over_links(problem: Problem) -> Problem:
    """What a table can answer: the least latency at every bandwidth, without limits that depend on it."""
    limits = replace(problem.limits, deadline_s=None, period_s=None, energy_j=None)
    return replace(problem, objective="latency", limits=limits)
