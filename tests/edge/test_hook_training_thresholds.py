"""Bounds against SciPy, and thresholds that keep what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.answer_classes import choose_answers, labels_of, mean_outputs
from evosplit.edge.hook_training.binomial_bounds import at_least, tail
from evosplit.edge.hook_training.sample_split import split
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trained_classifier import TrainingTask, decide
from evosplit.edge.hook_training.trainer_selection import Aim, LabelledFeatures, best_of
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hook_training.training import learn
from evosplit.edge.hooks.exit import OTHER
from evosplit.shared.errors import LearningError


@settings(deadline=None, max_examples=60)
@given(trials=st.integers(1, 3000), share=st.floats(0, 1), sure=st.sampled_from([0.9, 0.95, 0.999]))
def test_bounds_are_those_of_clopper_and_pearson(trials, share, sure):
    good = round(trials * share)
    lower = beta.ppf(1 - sure, good, trials - good + 1) if good else 0.0
    for target in (0.5, 0.9, 0.99):
        if abs(target - lower) > 1e-9:
            assert at_least(good, trials, target, sure) == (lower >= target)


def test_tails_do_not_underflow():
    assert tail(3000, 100_000, 0.031) == pytest.approx(binom.cdf(3000, 100_000, 0.031), abs=1e-9)
    assert tail(0, 5, 0.0) == 1.0
    assert tail(-1, 5, 0.5) == 0.0
    assert not at_least(0, 0, 0.9, 0.95)


def stream(random, count, kind):
    """Confidences, and whether the network agrees; with the probability of that at each confidence."""
    confidence = random.random(count)
    certain = {"curved": 1 - 0.3 * (1 - confidence) ** 2, "straight": 1 - 0.06 * (1 - confidence)}[kind]
    return confidence, random.random(count) < certain


@pytest.mark.parametrize(
    ("kind", "target", "count"), [("curved", 0.95, 500), ("curved", 0.99, 3000), ("straight", 0.98, 3000)]
)
def test_thresholds_hold_in_at_least_95_percent_of_runs(kind, target, count):
    random = np.random.default_rng(5)
    runs, broken, answered = 200, 0, 0.0
    future = stream(random, 200_000, kind)
    for _ in range(runs):
        least = threshold(*stream(random, count, kind), target)
        if least is not None:
            above = future[0] >= least
            answered += above.mean() / runs
            broken += future[1][above].mean() < target
    assert broken <= binom.ppf(0.999, runs, 0.05)
    assert answered > 0.05  # it is careful, but it does answer


@given(count=st.integers(0, 40), target=st.floats(0.5, 0.95), seed=st.integers(0, 1000))
def test_what_a_threshold_lets_through_has_the_bound(count, target, seed):
    random = np.random.default_rng(seed)
    confidence = random.integers(0, 5, count) / 4  # many ties
    agrees = random.random(count) < 0.9
    least = threshold(confidence, agrees, target)
    if least is not None:
        above = confidence >= least
        assert least > 0
        assert at_least(int(agrees[above].sum()), int(above.sum()), target, 0.95)


def test_too_few_samples_prove_nothing():
    assert threshold(np.ones(50), np.ones(50, np.bool_), 0.99) is None
    assert threshold(np.ones(500), np.ones(500, np.bool_), 0.99) == 1.0
    assert threshold(np.zeros(500), np.ones(500, np.bool_), 0.99) is None
    assert threshold(np.full(500, np.nan), np.ones(500, np.bool_), 0.99) is None


def kept(count, seed=0, noise=0.3, rare=False):
    random = np.random.default_rng(seed)
    sampler = Sampler(4_000_000, seed)
    for i in range(count):
        label = int(random.integers(0, 3))
        features = (np.eye(3)[label].repeat(2) + noise * random.normal(size=6)).astype(np.float32)
        answer = f"odd {i}" if rare and i % 50 == 0 else f"class {label}"
        sampler.offer(Sample(features, answer, {"logits": np.eye(3, dtype=np.float32)[label][None] + i % 2}))
    return sampler.samples()


def test_parts_are_disjoint_and_stay():
    samples = kept(3000)
    parts = split(samples)
    rows = np.concatenate([parts.train, parts.validation, parts.calibration])
    assert sorted(rows.tolist()) == list(range(len(samples)))
    assert not samples.held[parts.train].any()
    assert len(parts.validation) > 300 < len(parts.calibration)


def test_rare_answers_are_one_class_that_never_exits():
    samples = kept(3000, rare=True)
    answers = choose_answers(samples)
    assert sorted(answers[:-1]) == ["class 0", "class 1", "class 2"]
    assert answers[-1] == OTHER
    labels = labels_of(samples, answers)
    assert (labels == 3).sum() == sum(
        samples.answers[code].startswith("odd") or not code for code in samples.codes
    )
    best, confidence = decide(np.float32([[0.1, 0.1, 0.1, 0.7], [0.6, 0.2, 0.1, 0.1]]), answers)
    assert best.tolist() == [3, 0]
    assert confidence.tolist() == [0, np.float32(0.6)]


def test_outputs_of_a_class_are_their_mean():
    samples = kept(2000)
    answers = choose_answers(samples)
    labels = labels_of(samples, answers)
    outputs = mean_outputs(samples.outputs, labels, len(answers))["logits"]
    for number, answer in enumerate(answers):
        assert outputs.shape == (3, 1, 3)
        assert outputs[number].argmax() == int(answer[-1])
        assert np.allclose(
            outputs[number], samples.outputs["logits"][labels == number].mean(axis=0), atol=1e-5
        )


def test_whole_numbers_stay_whole_numbers():
    means = mean_outputs({"n": np.asarray([[1], [2], [2]])}, np.asarray([0, 0, 0]), 2)["n"]
    assert means.dtype == np.int64
    assert means.tolist() == [[2], [0]]


def test_learning_all_tasks_in_the_order_of_the_head():
    samples = kept(6000, noise=0.45)
    trainers = {"logistic": logistic}
    one, two = learn(
        samples, [TrainingTask("early", 0, 4, 0.3), TrainingTask("late", 0, 6, 0.6)], 0.9, trainers=trainers
    )
    alone = learn(samples, [TrainingTask("late", 0, 6, 0.6)], 0.9, trainers=trainers)[0]
    assert one.threshold is not None
    assert one.agreement >= 0.9
    assert 0 < one.exit_rate < alone.exit_rate <= 1
    assert two.exit_rate < alone.exit_rate  # what is left to it is harder
    fresh = kept(3000, seed=9, noise=0.45)
    best, confidence = one.decide(fresh.features[:, :4])
    exits = confidence >= one.threshold
    said = [one.answers[label] for label in best[exits]]
    assert np.mean([fresh.answers[c] == s for c, s in zip(fresh.codes[exits], said, strict=True)]) >= 0.88


def test_too_few_samples_are_one_line():
    with pytest.raises(LearningError, match="too few"):
        learn(Sampler(100_000).samples(), [TrainingTask("exit", 0, 4)], 0.99)


def test_the_trainer_that_exits_more_wins():
    samples = kept(4000)
    answers, parts = choose_answers(samples), split(samples)
    labels = labels_of(samples, answers)
    train, validation = (
        LabelledFeatures(samples.features[r], labels[r]) for r in (parts.train, parts.validation)
    )

    def blind(features, labels, classes, seed):
        return logistic(
            features * 0 + np.random.default_rng(0).random(features.shape, np.float32), labels, classes, seed
        )

    rated = best_of({"blind": blind, "logistic": logistic}, train, validation, answers, Aim(0.95))
    assert rated.trainer == "logistic"
    assert rated.exit_rate > 0.5
