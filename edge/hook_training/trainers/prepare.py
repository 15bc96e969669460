"""Standardisation of samples, shared by all trainers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import LearningError

_LEAST_SCALE = 1e-6


def check(features: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> None:
    """Raise LearningError for samples that nothing can be learned from."""
    if features.ndim != 2 or len(features) != len(labels):
        raise LearningError(f"features {features.shape} and labels {labels.shape} do not belong together")
    if classes < 2 or len(np.unique(labels)) < 2:
        raise LearningError("there is only one answer, nothing can be learned")
    if labels.min() < 0 or labels.max() >= classes:
        raise LearningError(f"labels reach from {labels.min()} to {labels.max()} with {classes} classes")
    if not np.isfinite(features).all():
        raise LearningError("features are not finite")


def standard(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and scale `(d,)` of each column; a column that never changes gets scale 1."""
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = features.std(axis=0, dtype=np.float64).astype(np.float32)
    return mean, np.where(scale > _LEAST_SCALE * (1 + np.abs(mean)), scale, np.float32(1))


def hold_out(count: int, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers to fit on and, for a trainer's own choices, to hold out; at least one row in each."""
    order = np.random.default_rng(seed).permutation(count)
    held = min(max(1, int(count * share)), count - 1)
    return order[held:], order[:held]


def log_loss(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean cross-entropy of softmax(``logits`` `(n, classes)`)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = np.take_along_axis(shifted, labels[:, None], axis=1)[:, 0]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - chosen))
