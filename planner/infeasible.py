"""Infeasibility statement: which limit cannot be met, and by how much."""

from __future__ import annotations

from evosplit.planner.problem.costs import Costs, Objective
from evosplit.planner.problem.spending import Spending, spending
from evosplit.planner.program import milp
from evosplit.planner.program.spending_limits import Bounds, Goal
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.link import Link
from evosplit.shared.units import format_duration, format_size


def explain(costs: Costs, link: Link, solver: str | None = None) -> InfeasibleError:
    """The error to raise for costs that have no plan: each limit alone, then with the error limit."""
    if _least(costs, link, "cloud", Bounds(), solver) is None:
        return InfeasibleError("no cut pins these layers and keeps this depth")
    most_accurate = _least(costs, link, "error", Bounds(), solver)
    worst = None if most_accurate is None else most_accurate.error - costs.limits.error_limit
    for where, bounds in (
        ("", Bounds()),
        (
            f" at an error of at most {costs.limits.error_limit:.3g}",
            Bounds(error=costs.limits.error_limit),
        ),
    ):
        missed = _missed(costs, link, bounds, where, solver)
        if missed is not None:
            return missed
        if most_accurate is not None and worst is not None and worst > 0:
            return InfeasibleError(
                f"error: the most accurate plan has {most_accurate.error:.3g}, "
                f"{worst:.3g} over the limit of {costs.limits.error_limit:.3g}"
            )
    return InfeasibleError("each limit can be met, but not all of them at once")


def _missed(
    costs: Costs, link: Link, bounds: Bounds, where: str, solver: str | None
) -> InfeasibleError | None:
    """The first limit that even the plan made for it alone misses."""
    limits = costs.limits
    if limits.memory_bytes is not None:
        least = _least(costs, link, "memory", bounds, solver)
        if least is not None and least.memory_bytes > limits.memory_bytes:
            return InfeasibleError(_memory(limits.memory_bytes, least.memory_bytes, where))
    goals: tuple[tuple[Objective, str, float | None], ...] = (
        ("latency", "deadline: the fastest plan", limits.deadline_s),
        ("throughput", "period: the plan of most throughput", limits.period_s),
        ("cloud", "cloud: the plan of least cloud time", limits.cloud_s),
        ("energy", "energy: the plan of least energy", limits.energy_j),
    )
    for goal, what, limit in goals:
        least = None if limit is None else _least(costs, link, goal, bounds, solver)
        if limit is not None and least is not None:
            value = least.value(link, goal)
            if value > limit * (1 + 1e-9):
                shown = _joules if goal == "energy" else format_duration
                over = f"{shown(value - limit)} over the limit of {shown(limit)}"
                return InfeasibleError(f"{what}{where} takes {shown(value)}, {over}")
    return None


def _least(costs: Costs, link: Link, goal: Goal, bounds: Bounds, solver: str | None) -> Spending | None:
    chosen = milp.solved(costs, link, goal, bounds, solver)
    return None if chosen is None else spending(costs, chosen)


def _memory(limit: float, least: int, where: str) -> str:
    return (
        f"memory: the smallest plan{where} needs {format_size(least)}, "
        f"{format_size(least - limit)} over the limit of {format_size(limit)}"
    )


def _joules(value: float) -> str:
    return f"{value * 1e3:.3g} mJ"
