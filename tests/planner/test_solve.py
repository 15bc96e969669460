import math

import pytest
from graphs import random_problem
from oracle import least_latency_s

from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.program.milp_solvers import solver_name
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.graph import parse_cut

CLOSE = {"rel": 1e-9, "abs": 2e-9}


def solved_s(problem: Problem, solver: str | None = None) -> float:
    try:
        return solve(problem, solver).plan.latency.total_s
    except InfeasibleError:
        return math.inf


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_equals_brute_force_over_prefixes(start: int) -> None:
    for seed in range(start, start + 20):
        problem = random_problem(seed, layers=7)
        assert solved_s(problem) == pytest.approx(least_latency_s(problem), **CLOSE), seed


@pytest.mark.parametrize("start", range(1000, 1060, 20))
def test_equals_brute_force_over_any_cut(start: int) -> None:
    for seed in range(start, start + 20):
        problem = random_problem(seed, layers=6, cuts="any")
        assert solved_s(problem) == pytest.approx(least_latency_s(problem), **CLOSE), seed


def test_cbc_finds_the_same_optimum() -> None:
    for seed in range(2000, 2006):
        problem = random_problem(seed)
        assert solved_s(problem, "CBC") == pytest.approx(solved_s(problem), **CLOSE), seed


def test_a_solution_says_what_it_costs_and_where_it_stands() -> None:
    problem = random_problem(3, memory_bytes=30_000, max_error=0.05)
    solution = solve(problem)
    plan = solution.plan
    cut = parse_cut(problem.graph, plan.cut_key)
    assert plan.boundary == cut.boundary == tuple(plan.wire)
    on_edge = [problem.graph.layers[index] for index in cut.layers]
    assert set(plan.weight_bits) == {layer.name for layer in on_edge if layer.weights}
    assert set(plan.activation_bits) == {name for layer in on_edge for name in layer.outputs}
    assert plan.latency == plan.latency_at(problem.link)
    assert solution.solver == solver_name()
    assert 0 < solution.solve_time_s < 10
    memory, error = solution.limits
    assert (memory.name, memory.limit, memory.value) == ("memory", 30_000, plan.edge_memory_bytes)
    assert (error.name, error.limit, error.value) == ("error", 0.05, plan.error)
    assert memory.slack == 30_000 - plan.edge_memory_bytes
    assert 0 <= plan.error <= 0.05


def test_equal_problems_give_equal_plans() -> None:
    for seed in range(5):
        problem = random_problem(seed, memory_bytes=40_000, max_error=0.1)
        assert solve(problem).plan.digest == solve(problem).plan.digest


def test_spare_memory_buys_accuracy_at_no_latency() -> None:
    for seed in range(20):
        small = random_problem(seed, memory_bytes=60_000, max_error=1.0)
        large = random_problem(seed, memory_bytes=10**9, max_error=1.0)
        tight, loose = solve(small).plan, solve(large).plan
        if tight.latency.total_s == loose.latency.total_s:
            assert loose.error <= tight.error + 1e-3


def test_no_memory_limit_leaves_weights_as_they_are() -> None:
    problem = random_problem(11, max_error=10.0)
    assert problem.limits == Limits(None, 10.0)
    best = max(problem.bits.weights)
    assert set(solve(problem).plan.weight_bits.values()) <= {best, 32}


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    for solver in ("HiGHS", "CBC"):
        solved_s(random_problem(4), solver)
    assert capfd.readouterr() == ("", "")
