import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.edge.hook_training.binomial_bounds import at_least
from evosplit.edge.hook_training.joint_thresholds import (
    NEVER,
    ExitRow,
    joint_thresholds,
    outcome,
    reached,
    worthwhile,
)


def rows(seed, count, exits):
    """Later exits agree more often; an exit agrees the more often the surer it is."""
    random = np.random.default_rng(seed)
    made = []
    for at in range(exits):
        confidence = random.random(count)
        agrees = random.random(count) < confidence ** (1 / (2 + 3 * at))
        made.append(ExitRow(confidence, agrees, (at + 1) / (exits + 1)))
    return made


def whole(count, agrees=1.0):
    return ExitRow(np.ones(count), np.arange(count) < agrees * count, 1.0)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.integers(0, 3), st.sampled_from([0.8, 0.95]))
def test_the_target_is_kept_and_the_cost_falls(seed, exits, target):
    made = rows(seed, 400, exits)
    found = joint_thresholds(made, whole(400), target)
    assert found.cost <= 1
    assert at_least(round(found.agreement * 400), 400, target, 0.95)
    assert found == outcome(made, found.thresholds, whole(400))


def test_an_outcome_counts_each_frame_once():
    made = [
        ExitRow(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, False, True, True]), 0.2),
        ExitRow(np.array([0.9, 0.9, 0.9, 0.1]), np.array([True, True, True, False]), 0.6),
    ]
    found = outcome(made, (0.5, 0.5), ExitRow(np.ones(4), np.array([True, True, True, False]), 1.0))
    assert found.shares == (0.5, 0.25)
    assert found.cost == pytest.approx((0.2 + 0.2 + 0.6 + 1.0) / 4)
    assert found.agreement == 0.5


def test_it_comes_close_to_the_best_thresholds_of_all():
    made, rest = rows(3, 300, 2), whole(300)
    found = joint_thresholds(made, rest, 0.85)
    levels = [[NEVER, *np.quantile(row.confidence, np.linspace(0, 1, 50, endpoint=False))] for row in made]
    tried = (outcome(made, pair, rest) for pair in itertools.product(*levels))
    best = min(one.cost for one in tried if at_least(round(one.agreement * 300), 300, 0.85, 0.95))
    assert found.cost <= best + 0.02


def test_skips_that_use_up_the_target_leave_nothing_to_exits():
    made = rows(1, 400, 2)
    found = joint_thresholds(made, whole(400, agrees=0.9), 0.95)
    assert found.thresholds == (NEVER, NEVER)


def test_without_samples_nothing_exits():
    assert joint_thresholds(rows(1, 0, 2), whole(0), 0.9).thresholds == (NEVER, NEVER)


def test_an_exit_that_costs_more_than_it_saves_never_answers():
    made = rows(4, 400, 3)
    free = worthwhile(made, whole(400), 0.9, 0.0)
    assert free == joint_thresholds(made, whole(400), 0.9)
    few = worthwhile(made, whole(400), 0.9, 0.12)
    assert 0 < sum(limit < NEVER for limit in few.thresholds) < 3
    assert worthwhile(made, whole(400), 0.9, 1.0).thresholds == (NEVER,) * 3


def test_a_confidence_of_zero_is_no_answer():
    silent = ExitRow(np.zeros(400), np.ones(400, bool), 0.1)
    assert joint_thresholds([silent], whole(400), 0.9).thresholds == (NEVER,)


def test_rates_are_of_those_that_reach_an_exit():
    first = ExitRow(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, False, True, True]), 0.2)
    second = ExitRow(np.array([0.9, 0.9, 0.9, 0.1]), np.array([True, True, True, False]), 0.6)
    assert reached([first, second], (0.5, 0.5)) == [(0.5, 0.5), (0.5, 1.0)]
    assert reached([first, second], (NEVER, NEVER)) == [(0.0, 0.0), (0.0, 0.0)]
