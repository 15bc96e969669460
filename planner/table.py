"""Plan table (parametric optimisation over bandwidth): exact, without a grid.

At a fixed round-trip time a plan takes A + B / bandwidth seconds (B = 8 wire_bytes): a line in
s = 1 / bandwidth. The best latency over s is the lower envelope of such lines
(`evosplit.planner.lower_envelope`).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

from evosplit.planner.cuts.cut_arrays import geometry
from evosplit.planner.infeasible import explain
from evosplit.planner.lower_envelope import envelope
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.exit_cases import Case, problem_cases
from evosplit.planner.problem.plans import case_plan
from evosplit.planner.solve import best as best_at
from evosplit.planner.solve import optimum, refined
from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable

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
    case: Case

    def at(self, s: float) -> float:
        """Latency in seconds."""
        return self.fixed_s + self.bits * s


def plan_table(problem: Problem, solver: str | None = None) -> PlanTable:
    """The table from 50 kbit/s to 1 Gbit/s at the problem's round-trip time; it holds beyond both ends too.

    Each plan is predicted for the lowest bandwidth at which it is optimal. Raises as
    `evosplit.planner.solve.solve`.
    """
    _check(problem)
    costs, rtt_s = problem_costs(problem), problem.link.rtt_s
    searches = [_Search(case, rtt_s, solver) for case in reversed(problem_cases(problem, costs))]

    def best(s: float) -> Line:
        lines_of_cases = [line for search in searches if (line := search.best(s)) is not None]
        if not lines_of_cases:
            raise explain(costs, problem.link, solver)
        return min(lines_of_cases, key=lambda line: line.at(s))

    lines, crossings = envelope(best, 1 / MAX_BANDWIDTH_BPS, 1 / MIN_BANDWIDTH_BPS, _SAME_S)
    breakpoints = tuple(1 / s for s in reversed(crossings))
    edges = (MIN_BANDWIDTH_BPS, *breakpoints, MAX_BANDWIDTH_BPS)
    plans: list[Plan] = []
    for (low, high), line in zip(itertools.pairwise(edges), reversed(lines), strict=True):
        # In the middle of its range a line has no equal; at its ends it has, and the error would choose.
        middle = line.case.link(Link(math.sqrt(low * high), rtt_s))
        chosen = refined(line.case.costs, middle, line.chosen, solver)
        plans.append(case_plan(problem, line.case, chosen, Link(low, rtt_s))[0])
    fallback = _fallback(problem, searches[0].case, solver)
    return PlanTable(problem.graph.name, problem.graph.sha256, rtt_s, breakpoints, tuple(plans), fallback)


class _Search:
    """The best lines of one case; each search starts from the best line known."""

    def __init__(self, case: Case, rtt_s: float, solver: str | None) -> None:
        self.case = case
        self._rtt_s = rtt_s
        self._solver = solver
        self._shape = geometry(case.costs)
        self._known: list[Line] = []

    def best(self, s: float) -> Line | None:
        """The best line at s seconds per bit; None where the case meets no limit."""
        start = min(self._known, key=lambda line: line.at(s)).chosen if self._known else None
        link = self.case.link(Link(1 / s, self._rtt_s))
        chosen = best_at(self.case.costs, link, self._solver, start=start, shape=self._shape)
        if chosen is None:
            return None
        self._known.append(_line(self.case, chosen, self._rtt_s))
        return self._known[-1]


def _check(problem: Problem) -> None:
    if problem.objective == "throughput" or problem.limits.depends_on_link:
        raise UsageError(
            "no table over bandwidths is made for throughput, nor with a limit on deadline, period or energy:"
            " what is best then is no line in 1 / bandwidth; plan for one link"
        )


def _line(case: Case, chosen: Assignment, rtt_s: float) -> Line:
    cost = case.spending(chosen)
    if case.costs.objective == "cloud":
        return Line(cost.cloud_s, 0.0, chosen, case)
    if case.costs.objective == "energy":
        # At infinite bandwidth nothing is on the air; one second a bit adds what the radio takes meanwhile.
        fixed_j = cost.energy_j(Link(math.inf))
        return Line(fixed_j, cost.energy_j(case.link(Link(1.0))) - fixed_j, chosen, case)
    fixed_s = cost.latency(case.link(Link(math.inf, rtt_s))).total_s
    return Line(fixed_s, 8 * case.reach * case.wire_share * cost.wire_bytes, chosen, case)


def _fallback(problem: Problem, case: Case, solver: str | None) -> Plan | None:
    """The whole model on the edge within the same limits, or None; all hooks stand there."""
    everything = frozenset(range(len(case.costs.layers)))
    chosen = optimum(case.costs, problem.link, solver, everything)
    return None if chosen is None else case_plan(problem, case, chosen, problem.link)[0]
