import math

import pytest
from graphs import random_problem
from oracle import least_latency_s

from planner.solve import solve
from shared.errors import InfeasibleError


def solved_s(problem, solver=None):
    try:
        return solve(problem, solver).plan.latency.total_s
    except InfeasibleError:
        return math.inf


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_equals_brute_force_over_prefixes(start: int) -> None:
    for seed in range(start, start + 20):
        problem = random_problem(seed, layers=7)
        assert solved_s(problem) == pytest.approx(least_latency_s(problem), rel=1e-9, abs=2e-9), seed


@pytest.mark.parametrize("start", range(1000, 1060, 20))
def test_equals_brute_force_over_any_cut(start: int) -> None:
    for seed in range(start, start + 20):
        problem = random_problem(seed, layers=6, cuts="any")
        assert solved_s(problem) == pytest.approx(least_latency_s(problem), rel=1e-9, abs=2e-9), seed
