from dataclasses import replace

import pytest
from graphs import random_problem

from evosplit.planner.problem import BitChoices
from evosplit.planner.problem.limits import Limits
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError


def test_memory_that_is_too_small_is_named_with_what_it_lacks() -> None:
    problem = random_problem(1, memory_bytes=10, max_error=1.0)
    held = sum(problem.graph.tensors[name].size_bytes for name in problem.graph.inputs)
    with pytest.raises(
        InfeasibleError, match=r"^memory: the smallest plan needs .*kB, .*kB over the limit of 10 B$"
    ):
        solve(problem)
    assert solve(replace(problem, limits=Limits(held, 1.0))).plan.edge_memory_bytes <= held


def test_an_error_that_is_too_small_is_named_with_what_it_lacks() -> None:
    problem = random_problem(1, max_error=0.0)
    problem = replace(problem, bits=BitChoices((2,), (32,), (2,)))
    with pytest.raises(InfeasibleError, match=r"^error: the most accurate plan has .* over the limit of 0$"):
        solve(problem)


def test_limits_that_only_fail_together() -> None:
    seen = set()
    for seed in range(60):
        problem = random_problem(seed, memory_bytes=6_000, max_error=1e-3)
        problem = replace(problem, bits=replace(problem.bits, wire=(2, 3)))
        try:
            solve(problem)
        except InfeasibleError as error:
            seen.add(str(error).split(",")[0].rsplit(" needs")[0])
    assert "memory: the smallest plan at an error of at most 0.001" in seen
