"""Trainer of one hidden layer through a readout of its own; nothing goes back any further."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.trainers.adam import Adam
from evosplit.edge.hook_training.trainers.prepare import check, standard
from evosplit.edge.hooks.classifiers.hidden import HiddenClassifier
from evosplit.edge.hooks.classifiers.softmax import softmax

Floats = NDArray[np.float32]

_WIDTH: Final = 256
_WEIGHTS: Final = 75_000
"""Of the first layer at most: a head's layers drive them out of the cache from one frame to the next."""
_LEAST_UNIT: Final = 1e-12
_BATCH: Final = 256
_RATE: Final = 2e-3
_PENALTY: Final = 3e-4
_KEPT: Final = 0.7
"""Share of the hidden values that each step keeps (dropout, Srivastava et al. 2014)."""
_SMOOTH: Final = 0.05
"""Share of certainty that is given to the other classes, where only labels are known."""
_SAMPLES: Final = 1_000_000
"""Samples seen in all, however many there are; below that, at most this many rounds:"""
_ROUNDS: Final = 40


def hidden(features: Floats, labels: NDArray[np.int64], classes: int, seed: int) -> HiddenClassifier:
    """A trainer; see `Trainer`."""
    check(features, labels, classes)
    wanted = np.full((len(labels), classes), _SMOOTH / classes, np.float32)
    wanted[np.arange(len(labels)), labels] += 1 - _SMOOTH
    return fit_hidden(features, wanted, seed)


def fit_hidden(features: Floats, wanted: Floats, seed: int, most: int = _WIDTH) -> HiddenClassifier:
    """Fit to shares `(n, classes)` whose rows sum to 1: labels, or what the network itself is unsure of.

    Cross-entropy by Adam with dropout; the rate falls as half a cosine. ``features`` is `(n, d)`;
    the layer has at most ``most`` values, fewer where there are many features.
    """
    width = max(1, min(most, _WEIGHTS // features.shape[1]))
    mean, scale = standard(features)
    random = np.random.default_rng(seed)
    layers = _start(features.shape[1], width, wanted.shape[1], random)
    adam, rounds = Adam(*layers), min(_ROUNDS, max(1, _SAMPLES // len(features)))
    order = np.concatenate([random.permutation(len(features)) for _ in range(rounds)])
    steps = max(1, len(order) // _BATCH)
    for step in range(steps):
        rows = order[step * _BATCH : (step + 1) * _BATCH]
        kept = (random.random((len(rows), width), np.float32) < _KEPT) / np.float32(_KEPT)
        slopes = _slopes(layers, (features[rows] - mean) / scale, wanted[rows], kept.astype(np.float32))
        layers = adam.step(slopes, _RATE * (1 + float(np.cos(np.pi * step / steps))) / 2)
    return rounded(mean, scale, *layers)


def rounded(
    mean: Floats, scale: Floats, first: Floats, first_bias: Floats, second: Floats, second_bias: Floats
) -> HiddenClassifier:
    """With the first layer `(d, h)` in 8 bits, the greatest weight of each unit as 127."""
    unit = (np.abs(first).max(axis=0) / 127).clip(_LEAST_UNIT).astype(np.float32)
    codes = np.rint(first / unit).astype(np.int8)
    return HiddenClassifier(mean, scale, codes, unit, first_bias, second, second_bias)


def _start(depth: int, width: int, classes: int, random: np.random.Generator) -> tuple[Floats, ...]:
    first = random.standard_normal((depth, width), np.float32) * np.float32((2 / depth) ** 0.5)
    second = random.standard_normal((width, classes), np.float32) * np.float32((0.1 / width) ** 0.5)
    return first, np.zeros(width, np.float32), second, np.zeros(classes, np.float32)


def _slopes(layers: tuple[Floats, ...], inputs: Floats, wanted: Floats, kept: Floats) -> tuple[Floats, ...]:
    """Of the mean loss, by each array of ``layers``."""
    first, first_bias, second, second_bias = layers
    made = np.maximum(inputs @ first + first_bias, 0) * kept
    wrong = (softmax(made @ second + second_bias) - wanted) / np.float32(len(inputs))
    back = (wrong @ second.T) * kept * (made > 0)
    penalty = np.float32(_PENALTY)
    return (
        inputs.T @ back + penalty * first,
        back.sum(axis=0),
        made.T @ wrong + penalty * second,
        wrong.sum(axis=0),
    )
