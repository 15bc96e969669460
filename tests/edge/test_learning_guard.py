"""The drift guard: closes what no longer agrees, leaves noise alone, opens again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.learning.audit import Audit, Rules, Standing, is_audited, judge
from edge.learning.binomial import upper_bound
from edge.learning.guard import Guard


def feed(guard, random, count, agreement, confidence=None):
    """Audits until the verdict changes; how many there were."""
    before = guard.verdict("exit")
    for number in range(count):
        sure = float(random.random()) if confidence is None else confidence
        share = agreement(sure) if callable(agreement) else agreement
        guard.record("exit", bool(random.random() < share), sure)
        if guard.verdict("exit") != before:
            return number + 1
    return count


def test_noise_above_the_target_changes_nothing():
    for seed in range(20):
        guard = Guard(0.95)
        feed(guard, np.random.default_rng(seed), 1000, 0.97)
        assert guard.verdict("exit") == "ok"
        assert guard.floor("exit") == 0


@pytest.mark.parametrize(("target", "drifted"), [(0.99, 0.9), (0.95, 0.8)])
def test_drift_is_noticed_soon(target, drifted):
    for seed in range(10):
        guard, random = Guard(target), np.random.default_rng(seed)
        feed(guard, random, 300, 1.0)
        assert feed(guard, random, 500, drifted, 0.9) < 300
        assert guard.verdict("exit") in ("raise", "off")


def sure_ones(sure):
    return 1.0 if sure > 0.7 else 0.6


def test_the_threshold_rises_to_where_audits_agree():
    guard, random = Guard(0.95), np.random.default_rng(0)
    feed(guard, random, 1000, 1.0)
    feed(guard, random, 2000, sure_ones)
    if guard.verdict("exit") == "off":  # noticed before there were enough audits to say where it agrees
        feed(guard, random, 2000, sure_ones)
    assert guard.verdict("exit") == "raise"
    assert 0.6 < guard.floor("exit") < 0.95
    assert feed(guard, random, 2000, sure_ones) == 2000


def test_a_raised_threshold_comes_down_by_proof():
    guard, random = Guard(0.95), np.random.default_rng(1)
    while guard.verdict("exit") != "raise":
        feed(guard, random, 2000, sure_ones)
    assert feed(guard, random, 1000, 1.0) < 400
    assert guard.verdict("exit") == "ok"


def test_where_nothing_agrees_the_hook_is_off_and_comes_back_by_proof():
    guard, random = Guard(0.95), np.random.default_rng(0)
    feed(guard, random, 500, 0.5)
    assert guard.verdict("exit") == "off"
    assert guard.floor("exit") == np.inf
    assert guard.should_audit("any frame", "exit")
    for _ in range(50):
        guard.record("exit", True, 0.9)
    assert guard.verdict("exit") == "off"  # 50 of 50 is a point, no proof: its lower bound is 0.93
    for _ in range(60):
        guard.record("exit", True, 0.9)
    assert guard.verdict("exit") == "ok"


def test_a_new_classifier_starts_anew():
    guard = Guard(0.95)
    feed(guard, np.random.default_rng(0), 500, 0.2)
    guard.reset("exit")
    assert guard.verdict("exit") == "ok"
    assert guard.standings() == {}


def test_hooks_are_watched_apart():
    guard = Guard(0.95)
    feed(guard, np.random.default_rng(0), 500, 0.2)
    guard.record("other", True)
    assert guard.verdict("exit") != "ok"
    assert guard.verdict("other") == guard.verdict("unknown") == "ok"
    assert guard.standings()["other"].audits == 1


def test_audited_frames_are_a_share_chosen_by_their_ids():
    ids = [f"frame-{i}" for i in range(20_000)]
    audited = [one for one in ids if Guard(0.99, share=0.02).should_audit(one)]
    assert 300 < len(audited) < 500
    assert audited == [one for one in ids if is_audited(one, 0.02)]
    assert not any(is_audited(one, 0.0) for one in ids[:100])
    assert all(is_audited(one, 1.0) for one in ids[:100])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300))
def test_nothing_closes_without_a_bound_below_the_target(audits):
    rules, standing = Rules(0.9, spans=(20, 50)), Standing()
    for confidence, agreed in audits:
        before, standing = standing, judge(standing, Audit(confidence, agreed), rules)
        assert len(standing.window) <= rules.spans[-1]
        if standing.floor > before.floor:
            window = (*before.window, Audit(confidence, agreed))[-50:]
            heard = ([a.agreed for a in window[-n:] if a.confidence >= before.floor] for n in rules.spans)
            bounds = [upper_bound(sum(some), len(some), rules.sure) for some in heard]
            assert min(bounds) < rules.target
    assert standing.audits == len(audits)
    assert standing.agreements == sum(agreed for _, agreed in audits)


def test_a_hook_is_held_to_what_it_had_when_it_was_learned():
    strict, fair = Guard(0.99), Guard(0.99)
    random = np.random.default_rng(0)
    for agreed in random.random(1000) < 0.95:
        strict.record("exit", bool(agreed))
        fair.record("exit", bool(agreed), expected=0.93)
    assert (strict.verdict("exit"), fair.verdict("exit")) == ("off", "ok")
    for agreed in random.random(1000) < 0.8:
        fair.record("exit", bool(agreed), expected=0.93)
    assert fair.verdict("exit") == "off"
