"""From a problem to the proven optimum, or to the limit that cannot be met."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

from planner import milp
from planner.assignment import Assignment, crosses, spending
from planner.costs import Costs, problem_costs
from planner.infeasible import explain
from planner.limits import LimitStatus
from planner.prefixes import bounds_s
from planner.problem import Problem
from shared.errors import ProfileError
from shared.graph import make_cut
from shared.link import Link
from shared.plan import Plan, TensorCode

_SINGLE_CUTS: Final = 3


@dataclass(frozen=True)
class Solution:
    """An optimal plan, who proved it (``HiGHS`` or ``CBC``), in how long (building included), and limits."""

    plan: Plan
    solver: str
    solve_time_s: float
    limits: tuple[LimitStatus, ...]


def solve(problem: Problem, solver: str | None = None) -> Solution:
    """The plan of least latency within the limits; of those, one of least error.

    Raises InfeasibleError that names the limit which cannot be met and by how much; ProfileError when the
    profile holds numbers that are no times.
    """
    started_s = time.perf_counter()
    costs = checked_costs(problem)
    found = optimum(costs, problem.link, solver)
    if found is None:
        raise explain(costs, problem.link, solver)
    plan = make_plan(problem, costs, found, problem.link)
    seconds = time.perf_counter() - started_s
    return Solution(plan, solver or milp.solver_name(), seconds, limit_status(problem, plan))


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
    """The assignment of least latency, and among those of (nearly) the least error; None: infeasible.

    ``layers`` fixes the edge layers.
    """
    found = fastest(costs, link, solver, layers)
    return None if found is None else refined(costs, link, found, solver)


def fastest(
    costs: Costs, link: Link, solver: str | None = None, layers: frozenset[int] | None = None
) -> Assignment | None:
    """Some assignment of least latency; None: infeasible.

    Prefixes are tried one by one, the most promising first, until none that is left can be better; after
    a few, one program settles the rest.
    """
    if layers is not None or not costs.prefix_only:
        return _minimum(costs, link, solver, layers)
    promising = sorted((bound_s, stop) for stop, bound_s in enumerate(bounds_s(costs, link)))
    best, best_s = None, math.inf
    for bound_s, stop in promising[:_SINGLE_CUTS]:
        if bound_s >= best_s:
            return best
        found = _minimum(costs, link, solver, frozenset(range(stop)))
        found_s = math.inf if found is None else spending(costs, found).latency(link).total_s
        if found_s < best_s:
            best, best_s = found, found_s
    if len(promising) <= _SINGLE_CUTS or promising[_SINGLE_CUTS][0] >= best_s:
        return best
    return _minimum(costs, link, solver, None)


def _minimum(
    costs: Costs, link: Link, solver: str | None, layers: frozenset[int] | None
) -> Assignment | None:
    limits = milp.Bounds(costs.memory_bytes, costs.max_error, None, layers)
    program = milp.apply(costs, link, "latency", limits)
    return milp.invert(program, costs) if milp.run(program, solver) else None


def refined(costs: Costs, link: Link, found: Assignment, solver: str | None = None) -> Assignment:
    """Spend the memory that is left on accuracy: least error at the same latency and cut."""
    if costs.memory_bytes is None:  # most bits won already: see `planner.costs.undominated`
        return found
    latency_s = spending(costs, found).latency(link).total_s
    bounds = milp.Bounds(costs.memory_bytes, costs.max_error, latency_s * (1 + 1e-9), found.layers)
    program = milp.apply(costs, link, "error", bounds)
    return milp.invert(program, costs) if milp.run(program, solver) else found


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
            layer.name: chosen.weights[layer.name]
            for index, layer in enumerate(costs.layers)
            if index in chosen.layers and layer.weights
        },
        activation_bits={
            tensor.name: chosen.activations[tensor.name]
            for tensor in costs.tensors
            if tensor.producer in chosen.layers
        },
        wire={
            tensor.name: _code(problem, tensor.name, chosen.wire[tensor.name])
            for tensor in costs.tensors
            if crosses(tensor, chosen.layers)
        },
        latency=cost.latency(link),
        link=link,
        wire_bytes=cost.wire_bytes,
        edge_memory_bytes=cost.memory_bytes,
        error=cost.error,
    )


def _code(problem: Problem, tensor: str, bits: int) -> TensorCode:
    table = problem.errors.activations.get(tensor)
    if table is None or bits not in table.low:
        return TensorCode(bits)
    return TensorCode(bits, table.low[bits], table.high[bits])


def limit_status(problem: Problem, plan: Plan) -> tuple[LimitStatus, ...]:
    """How a plan stands against every limit."""
    limits = problem.limits
    return (
        LimitStatus("memory", limits.memory_bytes, plan.edge_memory_bytes, "B"),
        LimitStatus("error", limits.error_limit, plan.error, "noise to signal"),
    )
