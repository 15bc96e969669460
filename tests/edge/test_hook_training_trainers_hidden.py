import numpy as np
import pytest

from evosplit.edge.hook_training.trainers import hidden
from evosplit.edge.hook_training.trainers.hidden import _PENALTY, _slopes, _start, fit_hidden
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.edge.hooks.classifiers.softmax import softmax
from evosplit.shared.errors import LearningError


def exclusive_or(count, seed):
    features = np.random.default_rng(seed).uniform(-1, 1, (count, 4)).astype(np.float32)
    return features, (features[:, 0] * features[:, 1] > 0).astype(np.int64)


def test_it_learns_what_no_linear_classifier_can():
    classifier = hidden(*exclusive_or(2000, 0), 2, 0)
    features, labels = exclusive_or(500, 1)
    assert (classifier.scores(features).argmax(axis=1) == labels).mean() > 0.95


def test_it_is_about_as_unsure_as_it_was_told():
    features = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    wanted = np.tile(np.float32([0.2, 0.7, 0.1]), (1000, 1))
    scores = fit_hidden(features, wanted, 0).scores(features)
    np.testing.assert_allclose(scores.mean(axis=0), wanted[0], atol=0.05)


def test_slopes_are_finite_differences():
    random = np.random.default_rng(0)
    layers = tuple(array.astype(np.float64) for array in _start(3, 5, 4, random))
    inputs, kept = random.normal(size=(6, 3)), random.integers(0, 2, (6, 5)) / 0.7
    wanted = softmax(random.normal(size=(6, 4))).astype(np.float64)

    def loss(*arrays):
        first, first_bias, second, second_bias = arrays
        made = np.maximum(inputs @ first + first_bias, 0) * kept
        logits = made @ second + second_bias
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        weights = float(np.float32(_PENALTY)) / 2 * ((first**2).sum() + (second**2).sum())
        return -(wanted * logits).sum(axis=1).mean() + weights

    for at, slope in enumerate(_slopes(layers, inputs, wanted, kept)):
        for place in list(np.ndindex(slope.shape))[:7]:
            moved = [[array.copy() for array in layers] for _ in range(2)]
            moved[0][at][place] += 1e-5
            moved[1][at][place] -= 1e-5
            assert slope[place] == pytest.approx((loss(*moved[0]) - loss(*moved[1])) / 2e-5, abs=1e-4)


def test_it_is_made_again_of_its_arrays():
    features, labels = exclusive_or(200, 0)
    made = hidden(features, labels, 2, 0)
    arrays = dict(made.arrays())
    again = load_classifier(made.kind, arrays)
    assert np.array_equal(again.scores(features), made.scores(features))
    assert (again.macs, again.classes) == (made.macs, 2)
    for name in arrays:
        with pytest.raises(LearningError, match="not whole"):
            load_classifier("hidden", {key: value for key, value in arrays.items() if key != name})
        with pytest.raises(LearningError, match="not whole"):
            load_classifier("hidden", {**arrays, name: np.ones((3, 3, 3), arrays[name].dtype)})
