"""Entropy-coded tensors as a choice: offered by measured steps, where both devices know how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import random_problem

from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.errors.coded_sizes import coded_sizes, with_sizes
from evosplit.kernels.errors.coded_steps import (
    CODEC,
    ECONOMICAL_STEPS,
    LAGRANGE_MULTIPLIER,
    STEPS,
    CodedStep,
    coarser_steps,
    coded_steps,
    with_errors,
)
from evosplit.planner.accuracy_promise import safe
from evosplit.planner.encodings import CodecSpeed
from evosplit.planner.problem import Problem
from evosplit.planner.problem.device_pair import coded_speed, economical_speed
from evosplit.planner.solve import solve
from evosplit.shared.graph import parse_cut
from evosplit.shared.plan import TensorCode


def with_steps(problem: Problem, coded: CodecSpeed | None) -> Problem:
    """The problem with two steps per tensor that take next to no bytes, of which one has no error."""
    steps = (CodedStep(8, -4.0, 6.0, 0.1, 1e9, 1.0), CodedStep(7, -1.0, 1.5, 0.01, 0.0, 2.0))
    table = {name: replace(one, coded=steps) for name, one in problem.errors.activations.items()}
    return replace(problem, errors=replace(problem.errors, activations=table), coded=coded)


def split_problems() -> list[Problem]:
    """Those whose best plan sends a tensor when coding is free."""
    found = (with_steps(random_problem(seed, max_error=10.0), CodecSpeed(0.0, 0.0)) for seed in range(30))
    return [problem for problem in found if solve(problem).plan.wire]


def test_the_step_with_little_error_is_chosen_where_it_pays() -> None:
    problems = split_problems()
    assert problems
    for problem in problems:
        plan = solve(problem).plan
        tensors = problem.graph.tensors
        floats = [plan.wire[name] for name in plan.wire if tensors[name].is_float]
        assert set(floats) <= {TensorCode(7, -1.0, 1.5, CODEC)}
        assert parse_cut(problem.graph, plan.cut_key).boundary == plan.boundary


def test_a_plan_carries_the_larger_steps_of_what_it_codes() -> None:
    for problem in split_problems():
        plan = solve(problem).plan
        coded = {name for name, code in plan.wire.items() if code.codec == CODEC}
        assert set(plan.easier) == coded
        assert set(plan.easier.values()) <= {(TensorCode(8, -4.0, 6.0, CODEC),)}


def test_it_is_not_chosen_where_coding_takes_long_or_is_not_known() -> None:
    for problem in split_problems():
        for speed in (CodecSpeed(1.0, 1.0), None):
            plan = solve(replace(problem, coded=speed)).plan
            assert all(code.codec != CODEC for code in plan.wire.values())


def test_plans_without_evidence_do_not_trust_calibrated_steps() -> None:
    for problem in split_problems():
        plan = solve(replace(safe(problem), limits=problem.limits)).plan
        assert all(code.codec != CODEC for code in plan.wire.values())


def test_both_devices_have_to_know_it() -> None:
    problem = random_problem(0)
    knows = replace(problem.edge, coded_s_per_byte=(1.0, 2.0))
    assert coded_speed(knows, problem.cloud) is None
    assert coded_speed(problem.edge, replace(problem.cloud, coded_s_per_byte=(3.0, 4.0))) is None
    assert coded_speed(knows, replace(problem.cloud, coded_s_per_byte=(3.0, 4.0))) == CodecSpeed(1.0, 4.0)


def test_an_edge_that_cannot_move_codes_is_not_asked_to() -> None:
    problem = random_problem(0)
    edge = replace(problem.edge, coded_s_per_byte=(1.0, 2.0))
    cloud = replace(problem.cloud, coded_s_per_byte=(3.0, 4.0))
    assert economical_speed(edge, cloud) is None
    assert economical_speed(replace(edge, economical_s_per_byte=5.0), cloud) == CodecSpeed(5.0, 4.0)
    assert economical_speed(replace(edge, economical_s_per_byte=5.0), problem.cloud) is None
    for problem in split_problems():
        economical = {
            name: replace(table, coded=tuple(replace(step, lagrange_multiplier=0.1) for step in table.coded))
            for name, table in problem.errors.activations.items()
        }
        moved = replace(problem, errors=replace(problem.errors, activations=economical))
        assert all(code.codec != CODEC for code in solve(moved).plan.wire.values())
        codes = solve(replace(moved, coded=None, economical=CodecSpeed(0.0, 0.0))).plan.wire.values()
        assert {code.lagrange_multiplier for code in codes if code.codec == CODEC} == {0.1}


def test_coarser_steps_are_those_of_the_same_ladder() -> None:
    steps = coded_steps(np.random.default_rng(0).normal(size=500).astype(np.float32), -4.0, 4.0)
    assert coarser_steps(steps, 2) == steps[:2]
    assert coarser_steps(steps, len(steps) - 1) == steps[len(STEPS) : -1]


def test_moved_codes_take_fewer_bytes_at_more_noise() -> None:
    values = np.random.default_rng(0).normal(size=(1, 8, 20, 20)).astype(np.float32)
    steps = coded_steps(values.reshape(-1), float(values.min()), float(values.max()))
    known = with_sizes(steps, [coded_sizes("x", values, steps)] * 2, float(values.var()))
    nearest, economical = (
        {round(step.code.step or 0, 6): step for step in known if step.lagrange_multiplier == each}
        for each in (None, LAGRANGE_MULTIPLIER)
    )
    for ladder in (nearest.values(), economical.values()):
        assert list(ladder) == sorted(ladder, key=lambda step: step.wire_bytes)
        assert list(ladder) == sorted(ladder, key=lambda step: -step.relative)
    both = nearest.keys() & economical.keys()
    assert both
    for step in both:
        assert economical[step].wire_bytes < nearest[step].wire_bytes
        assert nearest[step].relative < economical[step].relative < 2 * nearest[step].relative


@pytest.mark.parametrize("low", [0.0, -3.0])
def test_ladders_of_steps(low: float) -> None:
    """Noise falls with the step as that of a uniform quantiser, and bytes are those really sent."""
    values = np.clip(np.random.default_rng(0).normal(size=(1, 8, 20, 20)), low, 4.0).astype(np.float32)
    steps = coded_steps(values.reshape(-1), low, float(values.max()))
    assert len(steps) == len(STEPS) + len(ECONOMICAL_STEPS)
    steps = steps[: len(STEPS)]
    known = with_sizes(steps, [coded_sizes("x", values, steps)], float(values.var()))
    sizes = [step.wire_bytes for step in known]
    assert sizes == sorted(sizes)
    noises = [step.relative for step in steps]
    assert noises == sorted(noises, reverse=True)
    for step, size in zip(steps, sizes, strict=True):
        scale = (step.high - step.low) / (2**step.bits - 1)
        assert step.relative <= scale**2 / 12 / values.var() * 1.6
        assert size == pytest.approx(len(encode_tensor("x", values, step.code).payload), rel=0.05)
        assert step.low <= low
        assert step.high >= 1.1 * values.max()


def test_a_tensor_that_never_varies_has_no_steps() -> None:
    assert coded_steps(np.full(50, 3.0, np.float32), 0.0, 3.0) == ()


def test_errors_follow_the_noise() -> None:
    steps = (CodedStep(4, -1.0, 1.0, 0.02), CodedStep(5, -1.0, 1.0, 0.0001))
    found = with_errors(steps, {4: 0.01, 8: 0.0001}, {4: 0.5, 8: 0.002})
    assert [step.error for step in found] == [pytest.approx(1.0), pytest.approx(0.002)]
    assert with_errors(steps, {4: 0.0}, {4: 0.0}) == ()
