"""No plan is below the bounds that leave cuts out, and no cut is left out of the matrix without reason."""

import itertools

import numpy as np
import pytest
from full_problems import full_problem
from graphs import random_problem
from oracle import cuts
from signed_problems import signed_problem

from evosplit.planner.cuts.cut_arrays import geometry
from evosplit.planner.cuts.cut_bounds import Space
from evosplit.planner.cuts.linear_objective import measure_for
from evosplit.planner.problem import Problem
from evosplit.planner.problem.cost_model import problem_costs
from evosplit.planner.problem.costs import Costs
from evosplit.planner.problem.dominance import pruned
from evosplit.planner.problem.exit_cases import problem_cases
from evosplit.planner.problem.spending import spending
from evosplit.planner.program import milp
from evosplit.planner.program.spending_limits import limit_bounds
from evosplit.shared.link import Link


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_every_feasible_cut_is_there_and_no_plan_is_below_its_bounds(start: int) -> None:
    problems = [(full_problem(seed), seed) for seed in range(start, start + 20)]
    found = (checked(problem, problem_costs(problem), problem.link, seed) for problem, seed in problems)
    assert sum(found) > 10


@pytest.mark.parametrize("start", range(0, 120, 40))
def test_no_plan_is_below_its_bounds_where_rows_have_any_sign(start: int) -> None:
    total = 0
    for seed in range(start, start + 40):
        problem, every = signed_problem(seed)
        for case in problem_cases(problem, pruned(every)):
            total += checked(problem, case.costs, case.link(problem.link), seed)
    assert total > 50


def checked(problem: Problem, costs: Costs, link: Link, seed: int) -> int:
    """How many cuts have a plan; fails where one is below a bound."""
    measure, shape = measure_for(costs, link), geometry(costs)
    assert shape is not None
    if measure is None:
        return 0
    space = Space(costs, measure, shape)
    rows = {tuple(np.flatnonzero(row)): at for at, row in enumerate(shape.cuts)}
    chosen, count = np.arange(len(shape.cuts)), 0
    peak, hopeless = space.at_peak(chosen), space.is_hopeless(chosen)
    prices = [(0.0, 0.0), (0.0, 0.01), (1e-7, 0.0), (1e-6, 0.1)]
    if costs.limits.memory_bytes is None:
        prices = prices[:2]
    bounds = [space.bounds(chosen, peak, p, q) for p, q in prices]
    for cut in itertools.islice(cuts(problem), 40):
        fixed = limit_bounds(costs.limits, frozenset(cut.layers))
        found = milp.run(milp.apply(costs, link, costs.objective, fixed), costs)
        if found is None:
            continue
        at = rows[cut.layers]
        value = spending(costs, found).value(link, costs.objective)
        assert not hopeless[at], seed
        assert space.least[at] <= value + 1e-9, seed
        for bound in bounds:
            assert bound[at] <= value + 1e-9, seed
        count += 1
    return count


def test_without_limits_the_matrix_holds_every_downward_closed_set_once() -> None:
    for seed in range(30):
        problem = random_problem(seed, cuts="any", max_error=1.0)
        shape = geometry(problem_costs(problem))
        assert shape is not None
        found = [tuple(np.flatnonzero(row)) for row in shape.cuts]
        assert len(found) == len(set(found))
        assert set(found) == {cut.layers for cut in cuts(problem)}
        for row, made, crossed in zip(found, shape.made, shape.crossed, strict=True):
            boundary = next(cut.boundary for cut in cuts(problem) if cut.layers == row)
            names = list(
                dict.fromkeys(
                    (*problem.graph.inputs, *(n for la in problem.graph.layers for n in la.outputs))
                )
            )
            assert {names[at] for at in np.flatnonzero(crossed)} == set(boundary)
            assert not (crossed & ~made).any()
