"""Multinomial logistic regression (the baseline), its penalty chosen by validation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.trainers.prepare import check, hold_out, log_loss, standard
from evosplit.edge.hooks.classifiers.linear import LinearClassifier
from evosplit.edge.hooks.classifiers.softmax import softmax

_PENALTIES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Per sample: the objective is mean cross-entropy + penalty / 2 * ||weights||^2."""

_STEPS: Final = 60
_HELD: Final = 0.15


def logistic(
    features: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int
) -> LinearClassifier:
    """Fit with each penalty on most samples, keep the one of the least loss on the others, fit it on all."""
    check(features, labels, classes)
    mean, scale = standard(features)
    inputs = np.hstack([(features - mean) / scale, np.ones((len(features), 1), np.float32)])
    fitted, held = hold_out(len(inputs), _HELD, seed)
    tried = _fit(inputs[fitted], labels[fitted], classes, _PENALTIES)
    losses = [log_loss(inputs[held] @ weights, labels[held]) for weights in tried]
    weights = _fit(inputs, labels, classes, (_PENALTIES[int(np.argmin(losses))],))[0]
    return LinearClassifier(mean, scale, weights[:-1].copy(), weights[-1].copy())


def _fit(
    inputs: NDArray[np.float32], labels: NDArray[np.int64], classes: int, penalties: tuple[float, ...]
) -> list[NDArray[np.float32]]:
    """Weights `(d, classes)` per penalty, from one eigendecomposition of the inputs' second moments."""
    moments = inputs.T @ inputs / np.float32(len(inputs))
    values, vectors = np.linalg.eigh(moments.astype(np.float64))
    basis = vectors.astype(np.float32)
    wanted = np.eye(classes, dtype=np.float32)[labels]
    return [_ascend(inputs, wanted, penalty, values.clip(0), basis) for penalty in penalties]


def _ascend(
    inputs: NDArray[np.float32],
    wanted: NDArray[np.float32],
    penalty: float,
    values: NDArray[np.float64],
    basis: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Newton-like steps with the bound of the curvature by half the second moments (Boehning 1992).

    The bound holds everywhere, so that every step improves without a line search; Nesterov's momentum, begun
    anew where it overshoots, makes the steps few.
    """
    inverse = (1 / (values / 2 + penalty)).astype(np.float32)[:, None]
    weights: NDArray[Any] = np.zeros((inputs.shape[1], wanted.shape[1]), np.float32)
    ahead: NDArray[Any] = weights
    pace = 1.0
    for _ in range(_STEPS):
        slope = inputs.T @ (softmax(inputs @ ahead) - wanted) / np.float32(len(inputs))
        slope += np.float32(penalty) * ahead
        moved = ahead - basis @ (inverse * (basis.T @ slope))
        if float(np.vdot(slope, moved - weights)) > 0:
            pace = 1.0
        faster = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead = np.asarray(moved + np.float32((pace - 1) / faster) * (moved - weights))
        weights, pace = moved, faster
    return weights
