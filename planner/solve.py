"""From a problem to the proven optimum, or to the limit that cannot be met."""

from __future__ import annotations

import time
from dataclasses import dataclass

from planner.cuts.geometry import Geometry, geometry
from planner.cuts.measure import measure_for
from planner.cuts.refine import accurate_costs
from planner.cuts.search import search
from planner.cuts.space import Space
from planner.infeasible import explain
from planner.problem import Problem
from planner.problem.assignment import Assignment, Spending, crosses, spending, wire_choice
from planner.problem.costs import Choice, Costs
from planner.problem.limits import LimitStatus
from planner.problem.pricing import problem_costs
from planner.problem.wire_choices import PLAIN, USUAL
from planner.program import milp
from planner.program.engines import solver_name
from shared.errors import ProfileError
from shared.graph import make_cut
from shared.link import Link
from shared.plan import Plan, TensorCode


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
    costs = checked_costs(problem)
    found = optimum(costs, problem.link, solver)
    if found is None:
        raise explain(costs, problem.link, solver)
    plan = make_plan(problem, costs, found, problem.link)
    statuses = limit_status(problem, spending(costs, found), problem.link)
    seconds = time.perf_counter() - started_s
    return Solution(plan, solver or solver_name(), seconds, statuses)


def checked_costs(problem: Problem) -> Costs:
    """The problem's numbers. Raises ProfileError when no program can be made of them."""
    costs = problem_costs(problem)
    if not milp.accepts(costs):
        raise ProfileError(
            f"{problem.graph.name}: there are no layers, or a figure is negative or not finite"
        )
    return costs


def optimum(
    costs: Costs, link: Link, solver: str | None = None, layers: frozenset[int] | None = None
) -> Assignment | None:
    """The best assignment for the objective, and among those of (nearly) the least error; None: infeasible.

    ``layers`` fixes the edge layers.
    """
    found = best(costs, link, solver, layers)
    return None if found is None else refined(costs, link, found, solver)


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
        measure = measure_for(costs, link)
        shape = shape or geometry(costs)
        if measure is not None and shape is not None:
            found = search(Space(costs, measure, shape), link, start, solver)
            if found.proven:
                return found.chosen
            start = found.chosen
    bounds = milp.limit_bounds(costs.limits, layers)
    if start is not None:
        bounds = bounds.at_most(costs.objective, spending(costs, start).value(link, costs.objective))
    return milp.run(milp.apply(costs, link, costs.objective, bounds), costs, solver) or start


def refined(costs: Costs, link: Link, found: Assignment, solver: str | None = None) -> Assignment:
    """Spend what is left on accuracy: least error (to 0.1 %) at the same cut and value of the objective."""
    cost = spending(costs, found)
    value = cost.value(link, costs.objective) * (1 + 1e-9)
    bounds = milp.limit_bounds(costs.limits, found.layers).at_most(costs.objective, value)
    measure = measure_for(costs, link)
    if measure is not None:
        left = accurate_costs(costs, measure, found.layers, value, cost.error)
        if left is None:
            return found
        costs = left
    better = milp.run(milp.apply(costs, link, "error", bounds), costs, solver)
    return found if better is None else better


def make_plan(problem: Problem, costs: Costs, chosen: Assignment, link: Link) -> Plan:
    """The plan that an assignment is, with what it is predicted to cost over ``link``."""
    graph = problem.graph
    cost = spending(costs, chosen)
    cut = make_cut(graph, chosen.layers)
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={
            layer.name: _single(layer.weights) or chosen.weights[layer.name]
            for index, layer in enumerate(costs.layers)
            if index in chosen.layers and layer.weights
        },
        activation_bits={
            tensor.name: _single(tensor.activation) or chosen.activations[tensor.name]
            for tensor in costs.tensors
            if tensor.producer in chosen.layers
        },
        wire={
            tensor.name: _code(problem, tensor.name, wire_choice(tensor, chosen))
            for tensor in costs.tensors
            if crosses(tensor, chosen.layers)
        },
        latency=cost.latency(link),
        link=link,
        wire_bytes=cost.wire_bytes,
        edge_memory_bytes=cost.memory_bytes,
        error=cost.error,
    )


def _single(choices: tuple[Choice, ...]) -> int | None:
    """The bits of what offers no choice."""
    return choices[0].bits if len(choices) == 1 else None


def _code(problem: Problem, tensor: str, choice: Choice) -> TensorCode:
    table = problem.errors.activations.get(tensor)
    codec = None if choice.codec == USUAL else choice.codec
    if table is None or choice.bits not in table.low or codec not in (None, PLAIN):
        return TensorCode(choice.bits, codec=codec)
    return TensorCode(choice.bits, table.low[choice.bits], table.high[choice.bits], codec)


def limit_status(problem: Problem, cost: Spending, link: Link) -> tuple[LimitStatus, ...]:
    """How a plan stands against every limit: memory and error always, others where there is a limit."""
    limits = problem.limits
    others = (
        LimitStatus("deadline", limits.deadline_s, cost.latency(link).total_s, "s"),
        LimitStatus("period", limits.period_s, cost.period_s(link), "s"),
        LimitStatus("energy", limits.energy_j, cost.energy_j(link), "J"),
        LimitStatus("cloud", limits.cloud_s, cost.cloud_s, "s"),
    )
    return (
        LimitStatus("memory", limits.memory_bytes, cost.memory_bytes, "B"),
        LimitStatus("error", limits.error_limit, cost.error, "noise to signal"),
        *(status for status in others if status.limit is not None),
    )
