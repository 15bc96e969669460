"""Solver entry: from a problem to the proven optimum, or to the limit that cannot be met."""

from __future__ import annotations

import time
from dataclasses import dataclass

from evosplit.planner.cuts.cut_arrays import Geometry
from evosplit.planner.cuts.cut_search import search
from evosplit.planner.cuts.refinement import accurate_costs
from evosplit.planner.infeasible import explain
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.exit_cases import Case, problem_cases
from evosplit.planner.problem.limits import LimitStatus
from evosplit.planner.problem.plans import case_plan
from evosplit.planner.problem.spending import limit_status, spending
from evosplit.planner.program import milp
from evosplit.planner.program.milp_solvers import solver_name
from evosplit.planner.program.spending_limits import limit_bounds
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan


@dataclass(frozen=True)
class Solution:
    """An optimal plan, who proved it (``HiGHS`` or ``CBC``), in how long (building included), and limits."""

    plan: Plan
    solver: str
    solve_time_s: float
    limits: tuple[LimitStatus, ...]


def solve(problem: Problem, solver: str | None = None) -> Solution:
    """The plan that is best for the problem's objective within its limits; of those, one of least error.

    Raises InfeasibleError that names the limit which cannot be met and by how much; ProfileError when the
    profile holds numbers that are no times.
    """
    started_s = time.perf_counter()
    costs = problem_costs(problem)
    case, chosen = best_case(problem, costs, solver)
    plan, cost = case_plan(problem, case, chosen, problem.link)
    statuses = limit_status(problem.limits, cost, case.link(problem.link))
    seconds = time.perf_counter() - started_s
    return Solution(plan, solver or solver_name(), seconds, statuses)


def best_case(problem: Problem, costs: Costs, solver: str | None) -> tuple[Case, Assignment]:
    """The best assignment over all cases; of equals, the one with the most hooks at work.

    Raises InfeasibleError as `solve`.
    """
    cases = reversed(problem_cases(problem, costs))
    tried = [(case, optimum(case.costs, case.link(problem.link), solver)) for case in cases]
    feasible = [(case, chosen) for case, chosen in tried if chosen is not None]
    if not feasible:
        raise explain(costs, problem.link, solver)
    return min(feasible, key=lambda solution: solution[0].value(solution[1], problem.link))


def optimum(
    costs: Costs, link: Link, solver: str | None = None, layers: frozenset[int] | None = None
) -> Assignment | None:
    """The best assignment for the objective, and among those of (nearly) the least error; None: infeasible.

    ``layers`` fixes the edge layers.
    """
    chosen = best(costs, link, solver, layers)
    return None if chosen is None else refined(costs, link, chosen, solver)


def best(
    costs: Costs,
    link: Link,
    solver: str | None = None,
    layers: frozenset[int] | None = None,
    start: Assignment | None = None,
    shape: Geometry | None = None,
) -> Assignment | None:
    """Some assignment that is best for the objective; None: infeasible.

    ``start`` is one known beforehand, ``shape`` the geometry of the costs if there is one already.

    All cuts are searched by their bounds where there are few enough and the objective is a sum; the joint
    program settles the rest.
    """
    if layers is None:
        searched = search(costs, link, start, shape, solver)
        if searched.proven:
            return searched.chosen
        start = searched.chosen
    bounds = limit_bounds(costs.limits, layers)
    if start is not None:
        bounds = bounds.at_most(costs.objective, spending(costs, start).value(link, costs.objective))
    return milp.solved(costs, link, costs.objective, bounds, solver) or start


def refined(costs: Costs, link: Link, chosen: Assignment, solver: str | None = None) -> Assignment:
    """Spend what is left on accuracy: least error (to 0.1 %) at the same cut and value of the objective."""
    cost = spending(costs, chosen)
    value = cost.value(link, costs.objective) * (1 + 1e-9)
    bounds = limit_bounds(costs.limits, chosen.layers).at_most(costs.objective, value)
    left = accurate_costs(costs, link, chosen.layers, value, cost.error)
    if left is None:
        return chosen
    better = milp.solved(left, link, "error", bounds, solver)
    return chosen if better is None else better
