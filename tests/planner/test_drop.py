"""The estimated drop against loops, against simulated truth, and its promises on inputs not seen."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.planner.drop.estimate import Drop, estimate_drop


def slow_expected(before: np.ndarray, after: np.ndarray, right: np.ndarray) -> float:
    """All pairs, one by one, and the input that is supposed."""
    lost, changes = 0.0, [b - a for a, b in zip(before, after, strict=True)]
    for margin, is_right in zip(before, right, strict=True):
        if not is_right and margin > 0:
            continue
        for change in changes:
            lost += int(margin > 0) - int(margin + change > 0)
    positive = [m for m, one in zip(before, right, strict=True) if m > 0 and one]
    least = min(positive, default=math.inf)
    unseen = sum(min(max(-change / least, 0), 1) for change in changes) / len(changes)
    return lost / len(before) ** 2 + unseen / (len(before) + 1)


values = st.floats(-5, 5).filter(lambda value: abs(value) > 1e-6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(values, values, st.booleans()), min_size=1, max_size=25))
def test_expected_is_that_of_all_pairs(rows: list[tuple[float, float, bool]]) -> None:
    before = np.array([row[0] for row in rows])
    after = np.array([row[1] for row in rows])
    right = np.array([row[2] for row in rows]) & (before > 0)
    drop = estimate_drop(before, after, right, right & (after > 0))
    assert drop.expected == pytest.approx(slow_expected(before, after, right))
    assert drop.lower <= drop.expected <= drop.upper
    assert drop.inputs == len(rows)
    assert drop.promised >= drop.measured


def test_nothing_changes() -> None:
    before = np.array([0.5, 3.0, -1.0])
    right = before > 0
    assert estimate_drop(before, before, right, right) == Drop(3, 2 / 3, 0, 0, 0, 0)


def test_noise_on_doubtful_answers_counts_although_none_changed() -> None:
    """Eight sure inputs with much noise, two doubtful ones that happened to get none."""
    before = np.array([9.0] * 8 + [0.2, 0.1])
    after = before + np.array([-1.0, 1.0] * 4 + [0.0, 0.0])
    right = before > 0
    drop = estimate_drop(before, after, right, after > 0)
    assert drop.measured == 0
    assert drop.expected > 0.05
    assert not drop.holds(0.05)


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.6])
def test_the_promise_holds_on_as_many_other_inputs(noise: float) -> None:
    """Of many calibration sets of 100 inputs, few promise less than another 100 show (one-sided 95 %)."""
    rng = np.random.default_rng(7)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        before = rng.gumbel(1.5, 2.0, count)
        return before, before + rng.normal(0, noise, count)

    before, after = draw(2_000_000)
    truth = np.mean(before > 0) - np.mean(after > 0)
    broken = expected = 0.0
    for _ in range(400):
        before, after = draw(100)
        drop = estimate_drop(before, after, before > 0, after > 0)
        other, then = draw(100)
        broken += drop.promised < np.mean(other > 0) - np.mean(then > 0) - 1e-9
        expected += drop.expected / 400
    assert broken / 400 <= 0.1
    assert expected == pytest.approx(truth, abs=0.01)
