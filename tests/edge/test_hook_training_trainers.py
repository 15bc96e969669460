"""Trainers: their losses' slopes, their layers' gradients, and what they can learn."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.edge.hook_training.trainers import TRAINERS, forward_forward, logistic, symba
from evosplit.edge.hook_training.trainers import forward_forward as ff_trainer
from evosplit.edge.hook_training.trainers.forward_forward import THETA
from evosplit.edge.hook_training.trainers.forward_forward import loss as ff_loss
from evosplit.edge.hook_training.trainers.forward_forward import slopes as ff_slopes
from evosplit.edge.hook_training.trainers.local import gradient
from evosplit.edge.hook_training.trainers.logistic import _fit
from evosplit.edge.hook_training.trainers.prepare import log_loss
from evosplit.edge.hook_training.trainers.symba import ALPHA
from evosplit.edge.hook_training.trainers.symba import loss as symba_loss
from evosplit.edge.hook_training.trainers.symba import slopes as symba_slopes
from evosplit.edge.hooks.classifiers.goodness import GoodnessClassifier, Layer, goodness, passed_on
from evosplit.shared.errors import LearningError


def clouds(count, classes, seed, width=8):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, width)) * 2
    labels = random.integers(0, classes, count)
    features = centres[labels] + random.normal(size=(count, width))
    return (features * np.linspace(0.01, 100, width)).astype(np.float32), labels


def exclusive_or(count, seed):
    random = np.random.default_rng(seed)
    features = random.uniform(-1, 1, (count, 4)).astype(np.float32)
    return features, ((features[:, 0] > 0) ^ (features[:, 1] > 0)).astype(np.int64)


def accuracy(classifier, features, labels):
    return float(np.mean(classifier.scores(features).argmax(axis=1) == labels))


@pytest.mark.parametrize("name", TRAINERS)
def test_separable_classes_are_learned(name):
    classifier = TRAINERS[name](*clouds(1500, 4, 0), 4, 0)
    assert accuracy(classifier, *clouds(500, 4, 1)) > 0.97


@pytest.mark.parametrize(("trainer", "least"), [(forward_forward, 0.75), (symba, 0.9)])
def test_local_layers_learn_what_no_linear_classifier_can(trainer, least):
    train, test = exclusive_or(3000, 0), exclusive_or(500, 1)
    assert accuracy(trainer(*train, 2, 0), *test) > least
    assert accuracy(logistic(*train, 2, 0), *test) < 0.7


@pytest.mark.parametrize("name", TRAINERS)
def test_scores_are_probabilities_and_the_seed_decides(name):
    features, labels = clouds(300, 3, 0)
    classifier = TRAINERS[name](features, labels, 3, 7)
    scores = classifier.scores(features)
    assert scores.shape == (300, 3) == (len(features), classifier.classes)
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert classifier.scores(features[:0]).shape == (0, 3)
    assert np.array_equal(TRAINERS[name](features, labels, 3, 7).scores(features), scores)


@pytest.mark.parametrize("name", TRAINERS)
def test_what_cannot_be_learned_from_is_one_line(name):
    features, labels = clouds(40, 2, 0)
    with pytest.raises(LearningError, match="only one answer"):
        TRAINERS[name](features, np.zeros_like(labels), 2, 0)
    with pytest.raises(LearningError, match="not finite"):
        TRAINERS[name](np.full_like(features, np.nan), labels, 2, 0)
    with pytest.raises(LearningError, match="do not belong"):
        TRAINERS[name](features[1:], labels, 2, 0)
    with pytest.raises(LearningError, match="reach from"):
        TRAINERS[name](features, labels + 1, 2, 0)


@pytest.mark.parametrize("name", TRAINERS)
def test_constant_features_do_no_harm(name):
    features, labels = clouds(400, 2, 0)
    features[:, 3] = 5
    classifier = TRAINERS[name](features, labels, 2, 0)
    assert np.isfinite(classifier.scores(features)).all()
    assert accuracy(classifier, features, labels) > 0.95


def test_the_losses_are_those_of_the_papers():
    positive, negative = np.float32([0.3, 5.0, 40.0]), np.float32([2.5, 0.1, 90.0])
    plain = [np.log(1 + np.exp(y * (THETA - g))) for y, g in ((1, positive), (-1, negative))]
    assert np.allclose(ff_loss(positive, negative), plain[0] + plain[1], rtol=1e-5)
    near = negative[:2]
    pairs = np.log(1 + np.exp(-ALPHA * (positive[:2] - near)))
    assert np.allclose(symba_loss(positive[:2], near), pairs, rtol=1e-5)
    assert np.isfinite(symba_loss(positive, negative)).all()


@pytest.mark.parametrize(("loss", "slopes"), [(ff_loss, ff_slopes), (symba_loss, symba_slopes)])
def test_slopes_are_the_derivatives_of_the_losses(loss, slopes):
    random = np.random.default_rng(0)
    positive, negative = random.uniform(0, 6, (2, 50))
    step = 1e-4
    found = slopes(positive.astype(np.float32), negative.astype(np.float32))
    by_positive = (loss(positive + step, negative) - loss(positive - step, negative)) / (2 * step)
    by_negative = (loss(positive, negative + step) - loss(positive, negative - step)) / (2 * step)
    assert np.allclose(found[0], by_positive, atol=1e-3)
    assert np.allclose(found[1], by_negative, atol=1e-3)


@pytest.mark.parametrize(("loss", "slopes"), [(ff_loss, ff_slopes), (symba_loss, symba_slopes)])
def test_a_layers_gradient_is_that_of_finite_differences(loss, slopes):
    random = np.random.default_rng(1)
    weights, embedding = random.normal(size=(5, 3)), random.normal(size=(4, 5))
    inputs = random.normal(size=(20, 3)) / 3
    right, wrong = random.integers(0, 2, 20), random.integers(2, 4, 20)

    def total(values, rows):
        layer = Layer(values, rows)
        return loss(goodness(layer.one(inputs, right)), goodness(layer.one(inputs, wrong))).mean()

    layer = Layer(weights, embedding)
    pulls = slopes(goodness(layer.one(inputs, right)), goodness(layer.one(inputs, wrong)))
    first, second = gradient(layer, inputs, right, pulls[0]), gradient(layer, inputs, wrong, pulls[1])
    for number, values in enumerate((weights, embedding)):
        found = first[number] + second[number]
        for place in np.ndindex(values.shape):
            step = np.zeros_like(values)
            step[place] = 1e-4
            moved = [
                total(weights + sign * step, embedding)
                if number == 0
                else total(weights, embedding + sign * step)
                for sign in (1, -1)
            ]
            assert found[place] == pytest.approx((moved[0] - moved[1]) / 2e-4, abs=2e-4)


def test_goodness_with_every_answer_is_that_with_each_one():
    random = np.random.default_rng(2)
    first = Layer(*(random.normal(size=shape).astype(np.float32) for shape in ((6, 3), (4, 6))))
    second = Layer(*(random.normal(size=shape).astype(np.float32) for shape in ((5, 6), (4, 5))))
    mean, scale = np.float32([1, 2, 3]), np.float32([1, 2, 1])
    classifier = GoodnessClassifier(mean, scale, (first, second), 1.0)
    features = random.normal(size=(7, 3)).astype(np.float32)
    for answer in range(4):
        x = np.hstack([(features - mean) / scale, np.tile(np.eye(4)[answer], (7, 1))])
        z = x @ np.hstack([first.weights, first.embedding.T]).T
        hidden = np.hstack([passed_on(z), np.tile(np.eye(4)[answer], (7, 1))])
        z2 = hidden @ np.hstack([second.weights, second.embedding.T]).T
        expected = (z**2).sum(axis=1) + (z2**2).sum(axis=1)
        assert np.allclose(classifier.total(features)[:, answer], expected, rtol=1e-4)
    assert classifier.macs == 6 * 3 + 4 * 6 + 4 * (5 * 6) + 4 * 5


def test_logistic_reaches_the_minimum_that_scipy_finds():
    from scipy.optimize import minimize

    features, labels = clouds(300, 3, 0, width=4)
    inputs = np.hstack([(features - features.mean(0)) / features.std(0), np.ones((300, 1), np.float32)])
    penalty = 0.01

    def objective(flat):
        weights = flat.reshape(5, 3)
        return log_loss(inputs @ weights, labels) + penalty / 2 * (weights**2).sum()

    found = _fit(inputs, labels, 3, (penalty,))[0]
    least = minimize(objective, np.zeros(15), method="BFGS").fun
    assert objective(found.ravel().astype(np.float64)) == pytest.approx(least, abs=2e-4)


def test_names_lead_to_trainers():
    assert TRAINERS["forward-forward"] is ff_trainer
