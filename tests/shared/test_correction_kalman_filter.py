"""The filter against closed forms: exact where it is linear, robust where it is not, and ever valid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.correction.kalman_filter import Belief, Spread, aged, observed, prior_belief

SPREAD = Spread(shared=0.25, drift=0.35, own=0.05)
SECONDS = np.array([0.0, 0.01, 0.1, 0.105, 0.3])


def _posterior(prior: Belief, seen: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian process regression in one step."""
    places = [at for at, _ in seen]
    inner = prior.cov[np.ix_(places, places)] + prior.noise * np.eye(len(seen))
    gain = prior.cov[:, places] @ np.linalg.inv(inner)
    return gain @ np.array([value for _, value in seen]), prior.cov - gain @ prior.cov[places]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-0.05, 0.05)), min_size=1, max_size=6))
def test_small_deviations_are_regressed_exactly(seen: list[tuple[int, float]]) -> None:
    belief = prior_belief(SECONDS, SPREAD)
    mean, cov = _posterior(belief, seen)
    for at, value in seen:
        # A doubt that leaves the variance as it is keeps the noise from being learnt.
        belief = observed(belief, at, value, doubt=1e-15)
    assert belief.mean == pytest.approx(mean, abs=1e-6)
    assert belief.cov == pytest.approx(cov, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.floats(-9, 9)), max_size=60),
)
def test_it_stays_a_covariance_between_nothing_and_the_prior(
    seconds: list[float], seen: list[tuple[int, float]]
) -> None:
    prior = belief = prior_belief(np.array(seconds), SPREAD)
    for at, value in seen:
        belief = aged(observed(belief, at % len(seconds), value), 8)
        assert np.isfinite(belief.mean).all()
        assert np.linalg.eigvalsh(belief.cov).min() > -1e-9
        assert (belief.cov.diagonal() <= 2 * prior.cov.diagonal() + 1e-9).all()
        assert belief.noise > 0


def test_near_plans_are_corrected_more_than_far_ones() -> None:
    belief = observed(prior_belief(SECONDS, SPREAD), 2, 0.5)
    assert 0.35 < belief.mean[3] < belief.mean[2] < 0.5  # 100 and 105 ms
    assert 0.05 < belief.mean[4] < belief.mean[3]
    assert belief.mean[0] < belief.mean[2]
    assert belief.cov[3, 3] < belief.cov[4, 4]


def test_one_outlier_moves_little_and_a_change_is_believed_at_once() -> None:
    belief = prior_belief(SECONDS, SPREAD)
    for _ in range(50):
        belief = observed(belief, 2, 0.0)
    once = observed(belief, 2, 1.1)
    assert once.mean[2] < 0.1
    changed = belief
    for _ in range(4):
        changed = observed(changed, 2, 0.7)
    assert changed.mean[2] == pytest.approx(0.7, abs=0.15)
    assert changed.mean[4] > 0.2  # what heats up does so for all plans


def test_intervals_grow_with_age_and_the_mean_stays() -> None:
    belief = observed(prior_belief(SECONDS, SPREAD), 2, 0.5)
    old = aged(belief, 500)
    assert (old.mean == belief.mean).all()
    assert (old.cov.diagonal() > belief.cov.diagonal()).all()
    assert aged(belief, 10**6).cov == pytest.approx(belief.prior)
