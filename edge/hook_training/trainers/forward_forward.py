"""Forward-forward (Hinton 2022): goodness above a threshold for right answers, below it for wrong ones."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.trainers.local import Recipe, train_local
from evosplit.edge.hooks.classifiers.goodness import GoodnessClassifier

THETA: Final = 2.0
"""The threshold of goodness."""


def forward_forward(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int
) -> GoodnessClassifier:
    """Two layers, each trained on features with their right answer (positive) and a wrong one (negative)."""
    return train_local(features, labels, classes, seed, slopes, Recipe())


def loss(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + exp(y (theta - g))), y = +1 for positive, -1 for negative samples; summed, `(n,)`."""
    theta = np.float32(THETA)
    return np.asarray(np.logaddexp(0, theta - positive) + np.logaddexp(0, negative - theta))


def slopes(
    positive: NDArray[np.float32], negative: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The derivative of ``loss`` by each goodness."""
    theta = np.float32(THETA)
    return -sigmoid(theta - positive), sigmoid(negative - theta)


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)
