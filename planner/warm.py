"""Planning again after something changed: the link, or how fast a device is.

A `Warm` value keeps what does not depend on either: the costs, all cuts side by side, and the last plan, from
which the next search starts. Optima are proven as for a problem solved from scratch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.cuts.geometry import Geometry, geometry
from planner.infeasible import explain
from planner.problem import Problem
from planner.problem.assignment import Assignment, spending
from planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost
from planner.problem.plans import limit_status, make_plan
from planner.program.engines import solver_name
from planner.solve import Solution, best, checked_costs, refined
from shared.link import Link


@dataclass(frozen=True)
class Warm:
    """A problem with its costs, its cuts, and the last plan, None before the first."""

    problem: Problem
    costs: Costs
    shape: Geometry | None
    last: Assignment | None


def warm(problem: Problem) -> Warm:
    """Everything about a problem that outlasts a change. Raises ProfileError as `planner.solve.solve`."""
    costs = checked_costs(problem)
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
    Raises InfeasibleError as `planner.solve.solve`.
    """
    started_s = time.perf_counter()
    problem = state.problem if link is None else replace(state.problem, link=link)
    slower = (edge_slower, cloud_slower)
    costs = state.costs if slower == (1.0, 1.0) else scaled(state.costs, *slower)
    shape = state.shape and _scaled_shape(state.shape, *slower)
    found = best(costs, problem.link, solver, start=state.last, shape=shape)
    if found is None:
        raise explain(costs, problem.link, solver)
    found = refined(costs, problem.link, found, solver)
    plan = make_plan(problem, costs, found, problem.link)
    statuses = limit_status(problem, spending(costs, found), problem.link)
    seconds = time.perf_counter() - started_s
    solution = Solution(plan, solver or solver_name(), seconds, statuses)
    return solution, replace(state, problem=problem, last=found)


def scaled(costs: Costs, edge: float, cloud: float) -> Costs:
    """Costs with all seconds of either side multiplied."""
    return replace(
        costs,
        frame_s=edge * costs.frame_s,
        prepare_s=edge * costs.prepare_s,
        layers=tuple(_layer(layer, edge, cloud) for layer in costs.layers),
        tensors=tuple(_tensor(tensor, edge, cloud) for tensor in costs.tensors),
    )


def _scaled_shape(shape: Geometry, edge: float, cloud: float) -> Geometry:
    return replace(shape, edge_s=edge * shape.edge_s, cloud_s=cloud * shape.cloud_s)


def _layer(layer: LayerCost, edge: float, cloud: float) -> LayerCost:
    rows = tuple(_row(row, edge) for row in layer.edge_s)
    return replace(layer, edge_s=rows, cloud_s=cloud * layer.cloud_s)


def _row(row: Linear, factor: float) -> Linear:
    per_bit = {name: factor * slope for name, slope in row.per_bit.items()}
    return Linear(factor * row.fixed, factor * row.per_weight_bit, per_bit)


def _tensor(tensor: TensorCost, edge: float, cloud: float) -> TensorCost:
    return replace(tensor, wire=_choices(tensor.wire, edge, cloud))


def _choices(choices: Sequence[Choice], edge: float, cloud: float) -> tuple[Choice, ...]:
    return tuple(
        replace(choice, edge_s=edge * choice.edge_s, cloud_s=cloud * choice.cloud_s) for choice in choices
    )
