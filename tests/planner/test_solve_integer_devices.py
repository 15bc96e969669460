"""Plans for a measured device that computes in integers, too, against every choice of bits."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from graphs import errors, random_problem

from evosplit.planner.devices import MeasuredDevice
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import BitChoices, Problem, default_bits
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.cost_model import every_choice
from evosplit.planner.problem.spending import amount
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.plan import FLOAT_BITS

BITS = BitChoices(weights=(8, 32), activations=(8, 32), wire=(8,))


def integer_problem(seed: int) -> Problem:
    """A random problem whose edge takes 0.1 to 1.3 times as long in integers."""
    problem, rng = random_problem(seed, layers=4), random.Random(seed)  # noqa: S311
    problem = replace(problem, bits=BITS, errors=errors(problem.graph, rng, BITS))
    profile = problem.edge
    layer_s = tuple(seconds * rng.uniform(0.1, 1.3) for seconds in profile.layer_s)
    return replace(
        problem,
        edge=replace(
            profile, integers=IntegerTimes(layer_s, {}, rng.choice([0.0, 0.2]) * sum(layer_s) / 5000)
        ),
    )


def every_assignment(problem: Problem) -> list[Assignment]:
    """All cuts (prefixes) with all bits."""
    graph = problem.graph
    layers = [layer.name for layer in graph.layers]
    made = [name for layer in graph.layers for name in layer.outputs]
    inputs = dict.fromkeys(graph.inputs, FLOAT_BITS)
    wire = dict.fromkeys((*graph.inputs, *made), 8)
    return [
        Assignment(
            frozenset(range(cut)),
            dict(zip(layers, weights, strict=True)),
            {**inputs, **dict(zip(made, bits, strict=True))},
            wire,
        )
        for cut in range(len(layers) + 1)
        for weights in itertools.product((8, 32), repeat=len(layers))
        for bits in itertools.product((8, 32), repeat=len(made))
    ]


@pytest.mark.parametrize("seed", range(24))
def test_no_choice_of_bits_is_faster_within_the_limits(seed: int) -> None:
    problem = integer_problem(seed)
    tried = [evaluate(problem, assignment) for assignment in every_assignment(problem)]
    best_s = min((one.plan.latency.total_s for one in tried if one.feasible), default=None)
    if best_s is None:
        with pytest.raises(InfeasibleError):
            solve(problem)
    else:
        assert solve(problem).plan.latency.total_s == pytest.approx(best_s, rel=1e-6, abs=1e-9)


def test_a_layer_is_fast_once_all_that_it_touches_is_narrow() -> None:
    problem = integer_problem(3)
    profile = problem.edge
    timings = MeasuredDevice(profile).timings(problem.graph)
    for timing, float_s, integer_s in zip(timings, profile.layer_s, profile.integers.layer_s, strict=True):
        assert timing.uniform_s(32) == pytest.approx(timing.compute_s)
        if integer_s < timing.compute_s:
            assert timing.uniform_s(8) == pytest.approx(integer_s)
        else:
            assert timing.uniform_s(8) == pytest.approx(timing.compute_s + sum(timing.border_s.values()))
        assert timing.compute_s == pytest.approx(float_s) or profile.head_s


@pytest.mark.parametrize("seed", range(8))
def test_the_largest_row_is_the_time_at_every_choice_of_bits(seed: int) -> None:
    problem = integer_problem(seed)
    timings = MeasuredDevice(problem.edge).timings(problem.graph)
    for timing, layer in zip(timings, every_choice(problem).layers, strict=True):
        for weight_bits in (2, 8, FLOAT_BITS):
            for bits in itertools.product((8, FLOAT_BITS), repeat=len(timing.border_s)):
                stored = dict(zip(timing.border_s, bits, strict=True))
                largest_s = max(amount(row, weight_bits, stored) for row in layer.edge_s)
                assert largest_s == pytest.approx(timing.seconds(weight_bits, stored), abs=1e-12)


def test_narrow_activations_are_on_offer_where_integers_were_measured() -> None:
    problem = integer_problem(0)
    assert default_bits(problem.edge).activations == (8, 32)
    assert default_bits(replace(problem.edge, integers=None)).activations == (32,)
