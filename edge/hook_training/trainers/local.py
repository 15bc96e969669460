"""Layer-wise (local) training by goodness; nothing goes back to the layer before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.trainers.adam import Adam
from evosplit.edge.hook_training.trainers.prepare import check, hold_out, log_loss, standard
from evosplit.edge.hooks.classifiers.goodness import GoodnessClassifier, Layer, goodness, passed_on
from evosplit.edge.hooks.classifiers.softmax import softmax

Slopes: TypeAlias = Callable[
    [NDArray[np.float32], NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]
]
"""The derivative of a loss by the goodness of positive and of negative samples, each `(n,)`."""

_HELD: Final = 0.1
_SLOPES: Final = np.float32(2.0) ** np.arange(-6, 7, dtype=np.float32)


@dataclass(frozen=True)
class Recipe:
    """``widths`` of the layers; each sees ``epochs`` times the samples in mini-batches of ``batch``.

    It takes at least ``least`` and at most ``most`` steps, at a ``rate`` that falls to zero.
    """

    widths: tuple[int, ...] = (64, 64)
    epochs: int = 40
    least: int = 300
    most: int = 1500
    batch: int = 128
    rate: float = 0.01

    def steps(self, count: int) -> int:
        """Mini-batches for a layer with so many samples."""
        return min(max(self.epochs * count // self.batch, self.least), self.most)


def train_local(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: int,
    seed: int,
    slopes: Slopes,
    recipe: Recipe,
) -> GoodnessClassifier:
    """Layers trained by a loss of their goodness; a held-out tenth says how steep the softmax is."""
    check(features, labels, classes)
    mean, scale = standard(features)
    # Inputs of length about 1, so that goodness does not grow with the number of features.
    scale = scale * np.float32(features.shape[1] ** 0.5)
    fitted, held = hold_out(len(features), _HELD, seed)
    inputs = (features[fitted] - mean) / scale
    layers = _layers(inputs, labels[fitted], classes, np.random.default_rng(seed), slopes, recipe)
    plain = GoodnessClassifier(mean, scale, layers, 1.0)
    return GoodnessClassifier(mean, scale, layers, _steepness(plain.total(features[held]), labels[held]))


def gradient(
    layer: Layer, inputs: NDArray[np.float32], labels: NDArray[np.int64], slope: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the mean loss, by ``weights`` and ``embedding``; ``slope`` `(n,)` is its derivative by goodness.

    dg/dW = 2 (W x) x^T, closed: one product each.
    """
    pull = layer.one(inputs, labels) * (2 * slope / np.float32(len(inputs)))[:, None]
    embedding = np.zeros_like(layer.embedding)
    np.add.at(embedding, labels, pull)
    return pull.T @ inputs, embedding


def _layers(
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: int,
    random: np.random.Generator,
    slopes: Slopes,
    recipe: Recipe,
) -> tuple[Layer, ...]:
    layers: tuple[Layer, ...] = ()
    for width in recipe.widths:
        layers += (
            _train(
                layers, inputs, labels, _start(layers, inputs, classes, width, random), random, slopes, recipe
            ),
        )
    return layers


def _start(
    below: tuple[Layer, ...],
    inputs: NDArray[np.float32],
    classes: int,
    width: int,
    random: np.random.Generator,
) -> Layer:
    depth = below[-1].weights.shape[0] if below else inputs.shape[1]
    weights = random.standard_normal((width, depth)) / width**0.5
    embedding = random.standard_normal((classes, width)) / width**0.5
    return Layer(weights.astype(np.float32), embedding.astype(np.float32))


def _train(
    below: tuple[Layer, ...],
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    layer: Layer,
    random: np.random.Generator,
    slopes: Slopes,
    recipe: Recipe,
) -> Layer:
    adam, steps = Adam(layer.weights, layer.embedding), recipe.steps(len(inputs))
    for step in range(steps):
        rows = random.integers(0, len(inputs), recipe.batch)
        right = labels[rows]
        tried = _through(below, inputs[rows])
        wrong = _wrong(goodness(layer.all(tried)), right, random)
        positive, negative = _pick(tried, right), _pick(tried, wrong)
        pulls = slopes(goodness(layer.one(positive, right)), goodness(layer.one(negative, wrong)))
        first = gradient(layer, positive, right, pulls[0])
        second = gradient(layer, negative, wrong, pulls[1])
        rate = recipe.rate * (1 - step / steps)
        layer = Layer(*adam.step((first[0] + second[0], first[1] + second[1]), rate))
    return layer


def _through(below: tuple[Layer, ...], inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The input of the next layer with every answer: `(n, 1 or classes, d)`."""
    made = inputs[:, None, :]
    for layer in below:
        made = passed_on(layer.all(made))
    return made


def _pick(tried: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """The input with one answer each: `(n, d)`."""
    return tried[:, 0] if tried.shape[1] == 1 else tried[np.arange(len(tried)), labels]


def _wrong(
    good: NDArray[np.float32], right: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """A wrong answer for each sample, the more often the better this layer finds it."""
    shares = softmax(good)
    shares[np.arange(len(right)), right] = 0
    sums = shares.cumsum(axis=1)
    points = random.random((len(right), 1), np.float32) * sums[:, -1:]
    wrong = (sums <= points).sum(axis=1).clip(max=good.shape[1] - 1)
    # Where nothing is left beside the right answer, rounding could pick it.
    return np.asarray(np.where(wrong == right, (right + 1) % good.shape[1], wrong), np.int64)


def _steepness(total: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    losses = [log_loss(slope * total, labels) for slope in _SLOPES]
    return float(_SLOPES[int(np.argmin(losses))])
