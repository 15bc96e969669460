"""Pareto front of latency, edge memory and error, complete up to a stated resolution.

Regions of the (memory, error) plane are searched, each given by its upper limits; the first holds everything.
In a region the program is solved for the least latency, then for the least error at that latency, then for
the least memory at both: no plan at all beats that point in one of the three without losing in another.
What is left in the region and not covered by the point needs less memory or less error than it, by more
than the resolution: two smaller regions. So when no region is left, for every plan within the limits there
is a point that is no slower and needs at most 1 + resolution times its memory and its error.
(An epsilon-constraint method with an adaptive grid: Haimes 1971; Papadimitriou and Yannakakis 2000.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from evosplit.planner.infeasible import explain
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.plans import make_plan
from evosplit.planner.problem.spending import Spending, spending
from evosplit.planner.program import milp
from evosplit.planner.program.spending_limits import Bounds, Goal, limit_bounds
from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan

MAX_ERROR: Final = 0.1
"""The front ends here where the problem states no limit: beyond it, answers are mostly wrong."""
LEAST_ERROR: Final = 1e-6
"""Errors below this are as good as none."""
FINEST: Final = 0.002
"""Twice the gap at which the least error counts as proven."""
_SAME: Final = 1 + 1e-9


@dataclass(frozen=True)
class Front:
    """Plans of which none is better than another in latency, memory and error at once, the fastest first."""

    plans: tuple[Plan, ...]
    resolution: float
    least_error: float
    programs: int


@dataclass(frozen=True)
class _Region:
    """All plans of at most so many bytes and so much error."""

    memory_bytes: int
    error: float

    def holds(self, point: Spending) -> bool:
        return point.memory_bytes <= self.memory_bytes and point.error <= self.error * _SAME

    def within(self, other: _Region) -> bool:
        return self.memory_bytes <= other.memory_bytes and self.error <= other.error


def pareto_front(
    problem: Problem,
    resolution: float = 0.25,
    solver: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Front:
    """The front within the problem's limits; without an error limit, up to an error of 0.1.

    ``progress`` gets regions done and known so far. Raises UsageError for a resolution below 0.002, and as
    `evosplit.planner.solve.solve`.
    """
    if not FINEST <= resolution < math.inf:
        raise UsageError(f"the resolution must be {FINEST:g} or more, not {resolution:g}")
    asked = _bounded(problem)
    search = _Search(problem_costs(asked), asked.link, solver)
    first = _Region(_all_bytes(search.costs), asked.limits.error_limit)
    grid, pending, seen = _Grid(first, resolution), [first], {first}
    while pending:
        region = pending.pop()
        point = search.least(region)
        smaller = _smaller(region, point, grid) if point else ()
        pending += [each for each in smaller if each not in seen]
        seen |= set(smaller)
        if progress:
            progress(len(seen) - len(pending), len(seen))
    if not search.found:
        raise explain(search.costs, asked.link, solver)
    plans = [
        make_plan(asked, search.costs, chosen, spending(search.costs, chosen), asked.link)
        for chosen in search.found.values()
    ]
    return Front(_undominated(plans), resolution, LEAST_ERROR, search.programs)


def _undominated(plans: list[Plan]) -> tuple[Plan, ...]:
    """Programs are proven to a gap, so that two points may differ by it; the better one stays."""
    kept: list[Plan] = []
    for plan in sorted(plans, key=_merits):
        mine = _merits(plan)
        if not any(all(a <= b for a, b in zip(_merits(better), mine, strict=True)) for better in kept):
            kept.append(plan)
    return tuple(kept)


def _merits(plan: Plan) -> tuple[float, int, float]:
    return round(plan.latency.total_s, 9), plan.edge_memory_bytes, plan.error


def _bounded(problem: Problem) -> Problem:
    """With a limit on everything that the front trades, and latency as the objective."""
    limits = problem.limits
    memory = limits.memory_bytes if limits.memory_bytes is not None else 1 << 50
    error = MAX_ERROR if limits.max_error is None else limits.max_error
    return replace(problem, limits=replace(limits, memory_bytes=memory, max_error=error), objective="latency")


def _all_bytes(costs: Costs) -> int:
    """The problem's limit, or what everything takes at once where that is less."""
    choices = [layer.weights for layer in costs.layers] + [tensor.activation for tensor in costs.tensors]
    total = sum(max((choice.size_bytes for choice in offered), default=0) for offered in choices)
    return min(total, costs.limits.memory_bytes or total)


def _smaller(region: _Region, point: Spending, grid: _Grid) -> tuple[_Region, ...]:
    """What of a region its fastest point leaves uncovered."""
    uncovered = []
    memory = grid.memory_below(point.memory_bytes)
    if memory > 0:
        uncovered.append(_Region(memory, region.error))
    if point.error > LEAST_ERROR:
        uncovered.append(_Region(region.memory_bytes, grid.error_below(point.error)))
    return tuple(uncovered)


@dataclass(frozen=True)
class _Grid:
    """The limits of regions, each 1 + resolution times the next, so that regions often coincide."""

    first: _Region
    resolution: float

    def memory_below(self, memory_bytes: int) -> int:
        """The largest limit that is less; no less than a 1 + resolution-th, to a byte."""
        return min(int(self._below(memory_bytes, self.first.memory_bytes)), memory_bytes - 1)

    def error_below(self, error: float) -> float:
        """The largest limit that is less."""
        return self._below(error, self.first.error)

    def _below(self, value: float, first: float) -> float:
        ratio = 1 + self.resolution
        step = math.floor(math.log(first / value, ratio)) + 1 if value < first else 1
        limit = float(first / ratio**step)
        return limit if limit < value else limit / ratio


class _Search:
    """Solves regions, none twice: what is best in a region is best in each smaller one that holds it."""

    def __init__(self, costs: Costs, link: Link, solver: str | None) -> None:
        self.costs, self.link, self.solver = costs, link, solver
        self.found: dict[Spending, Assignment] = {}
        self.programs = 0
        self._known: list[tuple[_Region, Spending | None]] = []

    def least(self, region: _Region) -> Spending | None:
        """The point of a region, or None where it is empty."""
        for known, point in self._known:
            if region.within(known) and (point is None or region.holds(point)):
                return point
        chosen = self._solved(region)
        point = None
        if chosen is not None:
            point = spending(self.costs, chosen)
            self.found.setdefault(point, chosen)
        self._known.append((region, point))
        return point

    def _solved(self, region: _Region) -> Assignment | None:
        """Least latency, then least error, then least memory."""
        limits = limit_bounds(self.costs.limits)
        bounds = replace(limits, memory_bytes=region.memory_bytes, error=region.error)
        fastest = self._run("latency", bounds)
        if fastest is None:
            return None
        latency_s = spending(self.costs, fastest).latency(self.link).total_s
        bounds = bounds.at_most("latency", latency_s * _SAME)
        accurate = self._run("error", bounds) or fastest
        error = spending(self.costs, accurate).error
        return self._run("memory", replace(bounds, error=error * _SAME)) or accurate

    def _run(self, goal: Goal, bounds: Bounds) -> Assignment | None:
        self.programs += 1
        return milp.solved(self.costs, self.link, goal, bounds, self.solver)
