"""The plans that are optimal for some bandwidth, exactly: no grid.

At a fixed round-trip time a plan takes A + B / bandwidth seconds (B = 8 wire_bytes): a line in
s = 1 / bandwidth. The best latency over s is the lower envelope of such lines, which is concave and made of
finitely many. Two neighbouring optima that are not the same line meet at some s; either the optimum there
is their value, and s is a breakpoint, or it is a third line below both, and the search goes on either side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from planner.cuts.geometry import geometry
from planner.infeasible import explain
from planner.problem import Problem
from planner.problem.assignment import Assignment, spending
from planner.problem.costs import Costs
from planner.problem.plans import make_plan
from planner.solve import best as best_at
from planner.solve import checked_costs, optimum, refined
from shared.errors import UsageError
from shared.link import Link
from shared.plan import Plan, PlanTable

MIN_BANDWIDTH_BPS: Final = 50e3
MAX_BANDWIDTH_BPS: Final = 1e9
_SAME_S: Final = 1e-8
"""Latencies closer than this are equal: ten times the gap at which an optimum counts as proven."""


@dataclass(frozen=True)
class Line:
    """One optimum's latency A + B s over s = 1 / bandwidth, in seconds per bit (or its joules)."""

    fixed_s: float
    bits: float
    chosen: Assignment

    def at(self, s: float) -> float:
        """Latency in seconds."""
        return self.fixed_s + self.bits * s


def plan_table(problem: Problem, solver: str | None = None) -> PlanTable:
    """The table from 50 kbit/s to 1 Gbit/s at the problem's round-trip time; it holds beyond both ends too.

    Each plan is predicted for the lowest bandwidth at which it is optimal. Raises as `planner.solve.solve`.
    """
    _check(problem)
    costs, rtt_s = checked_costs(problem), problem.link.rtt_s
    shape = geometry(costs)
    known: list[Line] = []

    def best(s: float) -> Line:
        start = min(known, key=lambda line: line.at(s)).chosen if known else None
        found = best_at(costs, Link(1 / s, rtt_s), solver, start=start, shape=shape)
        if found is None:
            raise explain(costs, problem.link, solver)
        known.append(_line(costs, found, rtt_s))
        return known[-1]

    lines, crossings = envelope(best, 1 / MAX_BANDWIDTH_BPS, 1 / MIN_BANDWIDTH_BPS)
    breakpoints = tuple(1 / s for s in reversed(crossings))
    edges = (MIN_BANDWIDTH_BPS, *breakpoints, MAX_BANDWIDTH_BPS)
    plans: list[Plan] = []
    for (low, high), line in zip(itertools.pairwise(edges), reversed(lines), strict=True):
        # In the middle of its range a line has no equal; at its ends it has, and the error would choose.
        chosen = refined(costs, Link(math.sqrt(low * high), rtt_s), line.chosen, solver)
        plans.append(make_plan(problem, costs, chosen, Link(low, rtt_s)))
    fallback = _fallback(problem, costs, solver)
    return PlanTable(problem.graph.name, problem.graph.sha256, rtt_s, breakpoints, tuple(plans), fallback)


def envelope(best: Callable[[float], Line], low: float, high: float) -> tuple[list[Line], list[float]]:
    """The lower envelope between two values of s, in ascending s: the lines and where they meet."""
    first, last = best(low), best(high)
    lines, crossings = [first], []
    for line, meets in _between(best, first, low, last, high):
        lines.append(line)
        crossings.append(meets)
    return lines, crossings


def _between(
    best: Callable[[float], Line], left: Line, low: float, right: Line, high: float
) -> list[tuple[Line, float]]:
    """Every line after ``left`` up to ``right``, each with where it takes over."""
    if left.bits <= right.bits or left.at(high) <= right.at(high) + _SAME_S:
        return []
    meet = min(max((right.fixed_s - left.fixed_s) / (left.bits - right.bits), low), high)
    middle = best(meet)
    if middle.at(meet) >= left.at(meet) - _SAME_S:
        return [(right, meet)]
    return _between(best, left, low, middle, meet) + _between(best, middle, meet, right, high)


def _check(problem: Problem) -> None:
    if problem.objective == "throughput" or problem.limits.depends_on_link:
        raise UsageError(
            "no table over bandwidths is made for throughput, nor with a limit on deadline, period or energy:"
            " what is best then is no line in 1 / bandwidth; plan for one link"
        )


def _line(costs: Costs, chosen: Assignment, rtt_s: float) -> Line:
    cost = spending(costs, chosen)
    if costs.objective == "cloud":
        return Line(cost.cloud_s, 0.0, chosen)
    if costs.objective == "energy":
        # At infinite bandwidth nothing is on the air; one second a bit adds what the radio takes meanwhile.
        fixed_j = cost.energy_j(Link(math.inf))
        return Line(fixed_j, cost.energy_j(Link(1.0)) - fixed_j, chosen)
    round_trip_s = rtt_s if cost.wire_bytes else 0.0
    return Line(cost.edge_s + cost.cloud_s + round_trip_s, 8 * cost.wire_bytes, chosen)


def _fallback(problem: Problem, costs: Costs, solver: str | None) -> Plan | None:
    """The whole model on the edge within the same limits, or None."""
    everything = frozenset(range(len(costs.layers)))
    found = optimum(costs, problem.link, solver, everything)
    return None if found is None else make_plan(problem, costs, found, problem.link)
