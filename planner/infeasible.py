"""Which limit cannot be met, and by how much."""

from __future__ import annotations

import math

from planner import milp
from planner.assignment import Spending, spending
from planner.costs import Costs
from shared.errors import InfeasibleError
from shared.link import Link
from shared.units import format_size


def explain(costs: Costs, link: Link, solver: str | None = None) -> InfeasibleError:
    """The error to raise for costs that have no plan: each limit is tried alone, then both together."""
    least_memory = _least(costs, link, "memory", milp.Bounds(), solver)
    limit = math.inf if costs.memory_bytes is None else costs.memory_bytes
    if least_memory is not None and least_memory.memory_bytes > limit:
        return InfeasibleError(_memory(limit, least_memory.memory_bytes, ""))
    least_error = _least(costs, link, "error", milp.Bounds(), solver)
    if least_error is not None and least_error.error > costs.max_error:
        over = least_error.error - costs.max_error
        return InfeasibleError(
            f"error: the most accurate plan has {least_error.error:.3g}, "
            f"{over:.3g} over the limit of {costs.max_error:.3g}"
        )
    both = _least(costs, link, "memory", milp.Bounds(error=costs.max_error), solver)
    if both is None:
        return InfeasibleError("no plan meets the limits")
    return InfeasibleError(
        _memory(limit, both.memory_bytes, f" at an error of at most {costs.max_error:.3g}")
    )


def _least(
    costs: Costs, link: Link, goal: milp.Goal, bounds: milp.Bounds, solver: str | None
) -> Spending | None:
    program = milp.apply(costs, link, goal, bounds)
    return spending(costs, milp.invert(program, costs)) if milp.run(program, solver) else None


def _memory(limit: float, least: int, where: str) -> str:
    return (
        f"memory: the smallest plan{where} needs {format_size(least)}, "
        f"{format_size(least - limit)} over the limit of {format_size(limit)}"
    )
