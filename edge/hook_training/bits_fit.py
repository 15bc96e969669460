"""Fit of a bits hook: how coarse codes of a boundary tensor leave the tail's answer as it is."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.thresholds import can_show, threshold
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.linear import LinearClassifier
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.shared.plan import TensorCode

NEVER: Final = 2.0
"""A threshold that no share of certainty reaches."""
_CERTAIN: Final = 10.0
"""Logit of a class that is the only one: e**-10 is left for the others."""


def bits_hook(
    name: str,
    tap: str,
    spec: FeatureSpec,
    codes: tuple[TensorCode, ...],
    seen: NDArray[np.float32],
    stays: NDArray[np.bool_],
    trainer: Trainer,
    target: float,
    sure: float = 0.95,
) -> BitsHook | None:
    """The hook from features `(n, d)`, and `(n, codes)` whether the answer stays; None where it never does.

    ``codes`` get finer and end in the plan's own, in which it always does. One row per run of equal answers.
    The first half teaches which code is enough, the second says how sure one must be of it so that answers
    stay with ``target``. Raises LearningError as ``trainer`` does.
    """
    middle = len(seen) // 2
    if not middle or not can_show(target, len(seen) - middle, sure):
        return None
    classifier = _taught(trainer, seen[:middle], stays[:middle].argmax(1), len(codes))
    enough = np.cumsum(classifier.scores(seen[middle:]), axis=1)
    thresholds = [
        threshold(enough[:, column], stays[middle:, column], target, sure) for column in range(len(codes) - 1)
    ]
    if all(least is None for least in thresholds):
        return None
    given = tuple(NEVER if least is None else least for least in thresholds)
    return BitsHook(name, tap, spec, classifier, codes, given)


def _taught(
    trainer: Trainer, features: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> Classifier:
    """From the trainer, or, where all labels are the same, a classifier that says so of everything."""
    if (labels != labels[0]).any():
        return trainer(features, labels, classes, 0)
    length = features.shape[1]
    certain = np.where(np.arange(classes) == labels[0], _CERTAIN, 0).astype(np.float32)
    none = np.zeros((length, classes), np.float32)
    return LinearClassifier(np.zeros(length, np.float32), np.ones(length, np.float32), none, certain)
