"""Planning again after something changed: the link, or how fast a device is.

A `Warm` value keeps what does not depend on either: the costs, all cuts side by side, and the last plan, from
which the next search starts. Optima are proven as for a problem solved from scratch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from evosplit.planner.cuts.cut_arrays import Geometry, geometry
from evosplit.planner.infeasible import explain
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.plans import make_plan
from evosplit.planner.problem.scaled_costs import scaled
from evosplit.planner.problem.spending import limit_status, spending
from evosplit.planner.program.milp_solvers import solver_name
from evosplit.planner.solve import Solution, best, refined
from evosplit.shared.errors import UsageError
from evosplit.shared.expectation import NOTHING_SPARED
from evosplit.shared.link import Link


@dataclass(frozen=True)
class Warm:
    """A problem with its costs, its cuts, and the last plan, None before the first."""

    problem: Problem
    costs: Costs
    shape: Geometry | None
    last: Assignment | None


def warm(problem: Problem) -> Warm:
    """All about a problem that outlasts a change. Raises ProfileError as `evosplit.planner.solve.solve`."""
    costs = problem_costs(problem)
    return Warm(problem, costs, geometry(costs), None)


def resolve(
    state: Warm,
    link: Link | None = None,
    edge_slower: float = 1.0,
    cloud_slower: float = 1.0,
    solver: str | None = None,
) -> tuple[Solution, Warm]:
    """The optimum for another link or other speeds, and the state to go on from.

    ``edge_slower`` and ``cloud_slower`` multiply all seconds of a device as it was in ``state.problem``.
    Raises InfeasibleError as `evosplit.planner.solve.solve`, UsageError for a problem that counts on hooks.
    """
    started_s = time.perf_counter()
    if state.problem.expectation != NOTHING_SPARED:
        raise UsageError("a problem that counts on hooks is solved anew: its costs differ from case to case")
    problem = state.problem if link is None else replace(state.problem, link=link)
    slower = (edge_slower, cloud_slower)
    costs = state.costs if slower == (1.0, 1.0) else scaled(state.costs, *slower)
    shape = state.shape and _scaled_shape(state.shape, *slower)
    decision = best(costs, problem.link, solver, start=state.last, shape=shape)
    if decision is None:
        raise explain(costs, problem.link, solver)
    decision = refined(costs, problem.link, decision, solver)
    cost = spending(costs, decision)
    plan = make_plan(problem, costs, decision, cost, problem.link)
    statuses = limit_status(problem.limits, cost, problem.link)
    seconds = time.perf_counter() - started_s
    solution = Solution(plan, solver or solver_name(), seconds, statuses)
    return solution, replace(state, problem=problem, last=decision)


def _scaled_shape(shape: Geometry, edge: float, cloud: float) -> Geometry:
    return replace(shape, edge_s=edge * shape.edge_s, cloud_s=cloud * shape.cloud_s)
