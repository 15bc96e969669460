"""The drift guard: closes what no longer agrees, leaves noise alone, opens again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.edge.audits.agreement_guard import AgreementGuard
from evosplit.edge.audits.audit_rules import Audit, Rules, Standing, is_audited, judge
from evosplit.shared.sequential_test import _COURAGE, evidence


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
        guard = AgreementGuard(0.95)
        feed(guard, np.random.default_rng(seed), 1000, 0.97)
        assert guard.verdict("exit") == "ok"
        assert guard.floor("exit") == 0


@pytest.mark.parametrize(("target", "drifted"), [(0.99, 0.9), (0.95, 0.8)])
def test_drift_is_noticed_soon(target, drifted):
    for seed in range(10):
        guard, random = AgreementGuard(target), np.random.default_rng(seed)
        feed(guard, random, 300, 1.0)
        assert feed(guard, random, 500, drifted, 0.9) < 300
        assert guard.verdict("exit") in ("raise", "off")


def sure_ones(sure):
    return 1.0 if sure > 0.7 else 0.6


def test_the_threshold_rises_to_where_audits_agree():
    guard, random = AgreementGuard(0.95), np.random.default_rng(0)
    feed(guard, random, 1000, 1.0)
    feed(guard, random, 2000, sure_ones)
    if guard.verdict("exit") == "off":  # noticed before there were enough audits to say where it agrees
        feed(guard, random, 2000, sure_ones)
    assert guard.verdict("exit") == "raise"
    assert 0.6 < guard.floor("exit") < 0.95
    assert feed(guard, random, 2000, sure_ones) == 2000


def test_a_raised_threshold_comes_down_by_proof():
    guard, random = AgreementGuard(0.95), np.random.default_rng(1)
    while guard.verdict("exit") != "raise":
        feed(guard, random, 2000, sure_ones)
    assert feed(guard, random, 1000, 1.0) < 400
    assert guard.verdict("exit") == "ok"


def test_where_nothing_agrees_the_hook_is_off_and_comes_back_by_proof():
    guard, random = AgreementGuard(0.95), np.random.default_rng(0)
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
    guard = AgreementGuard(0.95)
    feed(guard, np.random.default_rng(0), 500, 0.2)
    guard.reset("exit")
    assert guard.verdict("exit") == "ok"
    assert guard.standings() == {}


def test_hooks_are_watched_apart():
    guard = AgreementGuard(0.95)
    feed(guard, np.random.default_rng(0), 500, 0.2)
    guard.record("other", True)
    assert guard.verdict("exit") != "ok"
    assert guard.verdict("other") == guard.verdict("unknown") == "ok"
    assert guard.standings()["other"].audits == 1


def test_audited_frames_are_a_share_chosen_by_their_ids():
    ids = [f"frame-{i}" for i in range(20_000)]
    audited = [one for one in ids if AgreementGuard(0.99, share=0.02).should_audit(one)]
    assert 300 < len(audited) < 500
    assert audited == [one for one in ids if is_audited(one, 0.02)]
    assert not any(is_audited(one, 0.0) for one in ids[:100])
    assert all(is_audited(one, 1.0) for one in ids[:100])


def wealth(losses, limit):
    """By hand: each gambler from each start on, loss by loss."""
    assumed = [limit ** (1 - courage) for courage in _COURAGE]
    rates = [(one - limit) / (limit * (1 - limit)) for one in assumed]
    best = [1.0 for _ in rates]
    for start in range(len(losses)):
        for at, rate in enumerate(rates):
            best[at] = max(best[at], math.prod(1 + rate * (loss - limit) for loss in losses[start:]))
    return sum(best) / len(best)


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.001, 0.5))
def test_the_evidence_is_the_mean_wealth_of_the_best_starts(losses, limit):
    found, start = evidence(np.asarray(losses), limit)
    assert found == pytest.approx(wealth(losses, limit), rel=1e-6)
    assert 0 <= start <= len(losses)
    if start < len(losses):
        assert losses[start] > limit  # the boldest begins with a loss that he wins from


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=100))
def test_nothing_closes_without_evidence_below_the_target(audits):
    rules, standing = Rules(0.9, memory=50), Standing()
    for confidence, agreed in audits:
        before, standing = standing, judge(standing, Audit(confidence, agreed), rules)
        assert len(standing.window) <= rules.memory
        if standing.floor > before.floor:
            window = (*before.window, Audit(confidence, agreed))[-50:]
            heard = [1 - a.agreed for a in window if a.confidence >= before.floor]
            assert wealth(heard, 1 - rules.target) >= 0.999 / rules.false_alarms
    assert standing.audits == len(audits)
    assert standing.agreements == pytest.approx(sum(agreed for _, agreed in audits))


def alarms(agreement, count, promise, seeds, graded=False):
    """After how many audits each of many plans was closed; ``count`` where it never was."""
    found = []
    for seed in range(seeds):
        random, standing, rules = np.random.default_rng(seed), Standing(), Rules(promise)
        lost = (random.random(count) >= agreement) * 1.0
        if graded:  # each answer loses a little, and as much on average
            lost = random.beta(1, agreement / (1 - agreement), count)
        while standing.verdict == "ok" and standing.audits < count:
            standing = judge(standing, Audit(1.0, 1 - lost[standing.audits]), rules)
        found.append(standing.audits)
    return found


@pytest.mark.parametrize(("agreement", "most"), [(0.0, 3), (0.5, 25), (0.9, 250)])
def test_a_plan_below_its_promise_is_closed_within_a_bounded_number_of_audits(agreement, most):
    assert max(alarms(agreement, 400, 0.99, 20)) <= most


@pytest.mark.parametrize("graded", [False, True])
def test_a_plan_above_its_promise_is_kept(graded):
    """At most one in 2,000 audits where agreement is just what is promised; here it is better."""
    assert alarms(0.995, 600, 0.99, 10, graded).count(600) >= 9


def test_false_alarms_are_bounded_where_agreement_is_just_what_is_promised():
    """Within 300 audits, 300 in 2,000 of the plans at most."""
    random, closed = np.random.default_rng(0), 0
    for _ in range(60):
        losses = (random.random(300) < 0.01) * 1.0
        closed += any(evidence(losses[:stop], 0.01)[0] >= 2000 for stop in range(1, 301))
    assert closed <= 60 * 0.15


def test_a_hook_is_held_to_what_it_had_when_it_was_learned():
    strict, fair = AgreementGuard(0.99), AgreementGuard(0.99)
    random = np.random.default_rng(0)
    for agreed in random.random(1000) < 0.95:
        strict.record("exit", bool(agreed))
        fair.record("exit", bool(agreed), expected=0.93)
    assert (strict.verdict("exit"), fair.verdict("exit")) == ("off", "ok")
    for agreed in random.random(1000) < 0.8:
        fair.record("exit", bool(agreed), expected=0.93)
    assert fair.verdict("exit") == "off"
