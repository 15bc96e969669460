"""The front against brute force: no point is dominated, and none is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evosplit.planner.pareto import FINEST, LEAST_ERROR, Front, pareto_front
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.shared.errors import InfeasibleError, UsageError
from tests.planner import oracle
from tests.planner.graphs import random_problem

Point = tuple[float, float, float]
GAP = 2e-3
"""The solver proves the least error to 0.1 %."""


def everything(problem: Problem) -> list[Point]:
    """(latency, memory, error) of every plan within the limits."""
    limits = problem.limits
    found = set()
    for cut in oracle.cuts(problem):
        stored = oracle.memory_and_error(problem, cut)
        for seconds, error in oracle.wire_ways(problem, cut):
            found |= {(seconds, memory, error + more) for memory, more in stored}
    return [
        point
        for point in found
        if point[2] <= limits.error_limit and (limits.memory_bytes is None or point[1] <= limits.memory_bytes)
    ]


def points(front: Front) -> list[Point]:
    return [(plan.latency.total_s, plan.edge_memory_bytes, plan.error) for plan in front.plans]


def dominates(one: Point, other: Point) -> bool:
    """Clearly better in something, and not worse in anything."""
    no_worse = one[0] <= other[0] * (1 + 1e-7) and one[1] <= other[1] and one[2] <= other[2]
    better = one[0] < other[0] - 1e-7 or one[1] < other[1] or one[2] < other[2] * (1 - GAP) - 1e-12
    return no_worse and better


def covers(one: Point, other: Point, resolution: float) -> bool:
    memory, error = (1 + resolution) * other[1] + 1, max((1 + resolution + GAP) * other[2], LEAST_ERROR)
    return one[0] <= other[0] + 1e-7 and one[1] <= memory and one[2] <= error


@pytest.mark.parametrize("cuts", ["prefix", "any"])
@pytest.mark.parametrize("resolution", [FINEST, 0.25])
@pytest.mark.parametrize("seed", range(6))
def test_none_dominated_and_none_missing(seed: int, resolution: float, cuts: str) -> None:
    problem = random_problem(seed, layers=3, cuts=cuts, max_error=5.0)
    front = points(pareto_front(problem, resolution))
    every = everything(problem)
    assert every
    for point in front:
        assert not any(dominates(other, point) for other in every)
    for point in every:
        assert any(covers(one, point, resolution) for one in front)


def test_limits_hold() -> None:
    problem = random_problem(3, layers=4, max_error=0.5)
    sizes = {plan.edge_memory_bytes for plan in pareto_front(problem).plans}
    most = max(sizes)
    assert len(sizes) > 1
    limited = pareto_front(replace(problem, limits=Limits(memory_bytes=most - 1, max_error=0.5)))
    assert all(plan.edge_memory_bytes < most for plan in limited.plans)
    assert all(plan.error <= 0.5 for plan in limited.plans)


def test_the_fastest_comes_first_and_progress_ends() -> None:
    steps: list[tuple[int, int]] = []
    problem = random_problem(2, layers=4, max_error=0.5)
    front = pareto_front(problem, progress=lambda done, total: steps.append((done, total)))
    latencies = [plan.latency.total_s for plan in front.plans]
    assert latencies == sorted(latencies)
    assert steps[-1][0] == steps[-1][1]
    assert front.programs > 0


def test_what_cannot_be() -> None:
    problem = random_problem(0, layers=3, max_error=0.5)
    with pytest.raises(UsageError, match="resolution"):
        pareto_front(problem, 0.0)
    with pytest.raises(InfeasibleError, match="memory"):
        pareto_front(replace(problem, limits=Limits(memory_bytes=1, max_error=0.5)))
