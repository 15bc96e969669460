import math

import pytest
from graphs import random_problem

from planner import milp
from planner.assignment import spending
from planner.prefixes import bounds_s
from planner.solve import checked_costs, fastest


@pytest.mark.parametrize("start", range(3000, 3040, 10))
def test_no_plan_of_a_cut_is_below_its_bound_and_the_whole_program_agrees(start: int) -> None:
    for seed in range(start, start + 10):
        problem = random_problem(seed)
        costs, link = checked_costs(problem), problem.link

        def latency_s(layers: frozenset[int] | None, costs=costs, link=link) -> float:
            bounds = milp.Bounds(costs.memory_bytes, costs.max_error, None, layers)
            program = milp.apply(costs, link, "latency", bounds)
            if not milp.run(program):
                return math.inf
            return spending(costs, milp.invert(program, costs)).latency(link).total_s

        least_s = latency_s(None)
        for stop, bound_s in enumerate(bounds_s(costs, link)):
            assert bound_s <= latency_s(frozenset(range(stop))) + 1e-9, seed
        found = fastest(costs, link)
        found_s = math.inf if found is None else spending(costs, found).latency(link).total_s
        assert found_s == pytest.approx(least_s, abs=2e-9), seed
