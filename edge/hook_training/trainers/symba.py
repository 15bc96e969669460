"""SymBa (Lee and Song 2023): the right answer's goodness above the wrong one's, of the same features."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.trainers.forward_forward import sigmoid
from evosplit.edge.hook_training.trainers.local import Recipe, train_local
from evosplit.edge.hooks.classifiers.goodness import GoodnessClassifier

ALPHA: Final = 4.0
"""How steep the loss is."""


def symba(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int
) -> GoodnessClassifier:
    """Two layers, each trained on pairs: features with their right answer and with a wrong one."""
    return train_local(features, labels, classes, seed, slopes, Recipe())


def loss(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + exp(-alpha (g_P - g_N))), `(n,)`."""
    return np.asarray(np.logaddexp(0, np.float32(-ALPHA) * (positive - negative)))


def slopes(
    positive: NDArray[np.float32], negative: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The derivative of ``loss`` by each goodness."""
    pull = np.float32(ALPHA) * sigmoid(np.float32(-ALPHA) * (positive - negative))
    return -pull, pull
