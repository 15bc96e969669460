"""The planner against brute force with everything on: 500 random problems, 500 equal optima."""

import math

import pytest
from full_oracle import least_value
from full_problems import full_problem

from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.spending import spending
from evosplit.planner.solve import optimum


@pytest.mark.parametrize("start", range(0, 500, 25))
def test_equals_brute_force_with_all_limits_on(start: int) -> None:
    for seed in range(start, start + 25):
        problem = full_problem(seed)
        costs = problem_costs(problem)
        found = optimum(costs, problem.link)
        value = math.inf
        if found is not None:
            cost = spending(costs, found)
            value = cost.value(problem.link, problem.objective)
        assert value == pytest.approx(least_value(problem), rel=1e-8, abs=2e-9), seed
