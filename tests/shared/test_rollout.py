"""Staged roll-outs: who is in a share, what is counted, and when a candidate has to go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import UsageError
from evosplit.shared.rollout import Rollout, Tally, Trial, in_share

USERS = [f"edge-{number}" for number in range(4000)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_a_share_is_that_large(share: float) -> None:
    assert abs(sum(in_share(key, "2", share) for key in USERS) / len(USERS) - share) < 0.02


@given(st.text(max_size=20), st.text(max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_a_share_is_in_every_larger_one(key: str, salt: str, one: float, other: float) -> None:
    assert in_share(key, salt, min(one, other)) <= in_share(key, salt, max(one, other))


def test_another_salt_draws_others() -> None:
    both = sum(in_share(key, "2", 0.1) and in_share(key, "3", 0.1) for key in USERS)
    assert both / len(USERS) < 0.02


def test_a_candidate_is_offered_promoted_or_rolled_back() -> None:
    offered = Rollout("1").offered("2", 0.25)
    chosen = [offered.chosen(key) for key in USERS]
    assert abs(chosen.count("2") / len(USERS) - 0.25) < 0.03
    assert offered.promoted() == Rollout("2")
    back = offered.rolled_back("it fails")
    assert (back.candidate, back.rejected) == (None, (("2", "it fails"),))
    assert {back.chosen(key) for key in USERS} == {"1"}
    assert back.promoted("2").current == "2"


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda: Rollout("1").offered("1", 0.1), "in use already"),
        (lambda: Rollout("1").offered("2", 0.0), "more than 0 %"),
        (lambda: Rollout("1").offered("2", 1.0), "less than 100 %"),
        (lambda: Rollout("1").promoted(), "no candidate to promote"),
        (lambda: Rollout("1").rolled_back("x"), "no candidate to roll back"),
    ],
)
def test_what_cannot_be_is_refused(work: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        work()  # type: ignore[operator]


def played(errors: tuple[float, float], answers: int, share: float = 0.1, seed: int = 0) -> tuple[Trial, int]:
    """A trial in which current and candidate fail so often, and after how many answers it ended."""
    rng, trial = np.random.default_rng(seed), Trial()
    for count in range(answers):
        is_candidate = bool(rng.random() < share)
        before, failed = trial, bool(rng.random() < errors[is_candidate])
        trial = before.answered(is_candidate, failed)
        if trial.alone is not before.alone and trial.reason_against() is not None:
            return trial, count
    return trial, answers


def test_a_candidate_that_fails_is_found_soon() -> None:
    trial, after = played((0.0, 1.0), 1000)
    assert after < 300
    assert trial.candidate.answers <= 30
    assert f"{trial.candidate.errors} of {trial.candidate.answers} answers failed" in str(
        trial.reason_against()
    )
    assert played((0.02, 0.3), 3000)[1] < 3000


@pytest.mark.parametrize("errors", [0.0, 0.02, 0.3])
def test_a_candidate_that_is_no_worse_stays(errors: float) -> None:
    for seed in range(5):
        assert played((errors, errors), 1000, share=0.3, seed=seed)[1] == 1000
    assert played((0.3, 0.1), 1000)[1] == 1000


def test_an_outage_of_both_speaks_against_neither() -> None:
    trial = Trial()
    for count in range(400):
        is_out = 100 <= count < 200
        trial = trial.answered(count % 4 == 0, is_out)
    assert trial.reason_against() is None
    assert (trial.current, trial.candidate) == (Tally(300, 75), Tally(100, 25))


def test_without_answers_of_both_nothing_is_proven() -> None:
    trial = Trial()
    for _ in range(500):
        trial = trial.answered(is_candidate=True, failed=True)
    assert trial.reason_against() is None
    assert len(trial.waiting) == 100


def test_agreement_is_held_to_a_limit_where_there_is_one() -> None:
    trial = replace(Trial(), memory=50)
    for _ in range(60):
        trial = trial.agreed(0.6)
    assert trial.agreement == pytest.approx(0.6)
    assert len(trial.agreements) == 50
    assert trial.reason_against() is None
    assert "60.0%, less than 90.0%" in str(trial.reason_against(0.9))
    assert trial.reason_against(0.55) is None
