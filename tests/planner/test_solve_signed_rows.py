"""The optimum with cost rows of any sign, against brute force: 500 random problems, 500 equal optima.

Twice: as it is found by bounds over all cuts, and by the joint program alone.
"""

import math

import pytest
from signed_oracle import least_value
from signed_problems import signed_problem

from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.dominance import pruned
from evosplit.planner.problem.exit_cases import Case, problem_cases
from evosplit.planner.problem.linear_bounds import accepts
from evosplit.planner.program import milp
from evosplit.planner.program.spending_limits import limit_bounds
from evosplit.planner.solve import best_case
from evosplit.shared.errors import InfeasibleError


def searched(problem: Problem, costs: Costs) -> float:
    try:
        case, found = best_case(problem, costs, None)
    except InfeasibleError:
        return math.inf
    return case.value(found, problem.link)


def programmed(problem: Problem, case: Case) -> float:
    costs = case.costs
    written = milp.apply(costs, case.link(problem.link), costs.objective, limit_bounds(costs.limits))
    found = milp.run(written, costs)
    return math.inf if found is None else case.value(found, problem.link)


@pytest.mark.parametrize("start", range(0, 500, 25))
def test_equals_brute_force_with_rows_of_any_sign(start: int) -> None:
    for seed in range(start, start + 25):
        problem, every = signed_problem(seed)
        costs = pruned(every)
        assert accepts(costs), seed
        least = pytest.approx(least_value(problem, every), rel=1e-8, abs=2e-9)
        assert searched(problem, costs) == least, seed
        assert min(programmed(problem, case) for case in problem_cases(problem, costs)) == least, seed


def test_most_problems_can_be_met_and_all_kinds_are_drawn() -> None:
    drawn = [signed_problem(seed) for seed in range(100)]
    assert {problem.objective for problem, _ in drawn} == {"latency", "throughput", "energy", "cloud"}
    assert {problem.cuts for problem, _ in drawn} == {"any", "prefix"}
    assert any(problem.expectation.exits for problem, _ in drawn)
    rows = [row for _, costs in drawn for layer in costs.layers for row in (*layer.edge_s, layer.energy_j)]
    for found in ([row.per_weight_bit for row in rows], [s for row in rows for s in row.per_bit.values()]):
        assert all(sum(sign(slope) for slope in found) > 100 for sign in (rises, falls, is_flat))
    assert sum(searched(problem, pruned(costs)) < math.inf for problem, costs in drawn) > 60


def rises(slope: float) -> bool:
    return slope > 0


def falls(slope: float) -> bool:
    return slope < 0


def is_flat(slope: float) -> bool:
    return slope == 0
