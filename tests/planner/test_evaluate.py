from dataclasses import replace

import pytest
from graphs import random_problem

from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.graph import parse_cut


def test_an_optimal_plan_is_priced_as_the_solver_priced_it() -> None:
    for seed in range(20):
        problem = random_problem(seed)
        try:
            solution = solve(problem)
        except InfeasibleError:
            continue
        plan = solution.plan
        graph = problem.graph
        inputs = dict.fromkeys(graph.inputs, 32)
        chosen = Assignment(
            frozenset(parse_cut(graph, plan.cut_key).layers),
            plan.weight_bits,
            {**inputs, **plan.activation_bits},
            {name: code.bits for name, code in plan.wire.items()},
        )
        found = evaluate(problem, chosen)
        assert found.plan == plan
        assert found.limits == solution.limits
        assert found.feasible


def test_choices_over_the_limits_are_priced_too() -> None:
    problem = random_problem(3, memory_bytes=10**9, max_error=1.0)
    graph = problem.graph
    everything = Assignment(
        frozenset(range(len(graph.layers))),
        {layer.name: min(problem.bits.weights) for layer in graph.layers},
        dict.fromkeys(graph.tensors, min(problem.bits.activations)),
        {},
    )
    assert evaluate(problem, everything).plan.cut_key == str(len(graph.layers))
    tight = replace(problem, limits=replace(problem.limits, memory_bytes=1))
    found = evaluate(tight, everything)
    assert not found.feasible
    assert next(status.met for status in found.limits) is False


def test_bits_that_are_not_on_offer_are_priced() -> None:
    problem = random_problem(3, memory_bytes=10**9, max_error=1.0)
    graph = problem.graph
    sent = Assignment(frozenset(), {}, dict.fromkeys(graph.inputs, 32), dict.fromkeys(graph.tensors, 32))
    found = evaluate(problem, sent)
    assert {code.bits for code in found.plan.wire.values()} == {32}
    assert found.plan.error == pytest.approx(0.0)
