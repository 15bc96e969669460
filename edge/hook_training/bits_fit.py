"""Fit of a bits hook: how coarse codes of a boundary tensor leave the tail's answer as it is."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.binomial_bounds import at_least
from evosplit.edge.hook_training.thresholds import can_show
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.linear import LinearClassifier
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.shared.plan import TensorCode

_LEVELS: Final = 100
"""Levels of certainty that are tried."""
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
    if len(codes) < 2 or not middle or not can_show(target, len(seen) - middle, sure):
        return None
    classifier = _taught(trainer, seen[:middle], stays[:middle].argmax(1), len(codes))
    enough = np.cumsum(classifier.scores(seen[middle:]), axis=1)
    least = _least_level(enough, stays[middle:], target, sure)
    if least is None:
        return None
    return BitsHook(name, tap, spec, classifier, codes, (least,) * (len(codes) - 1))


def _least_level(
    enough: NDArray[np.floating], stays: NDArray[np.bool_], target: float, sure: float
) -> float | None:
    """How sure one must be of a code, whichever it is, so that the frames of coarser codes keep ``target``.

    Both `(n, codes)`; None where no level holds. Each code's own level would keep the agreement of all frames
    that may have it, easy ones that get a coarser code among them: those that are left could fail twice as
    often. Levels are tried from the strictest on, from two places at half the risk each
    (`evosplit.edge.hook_training.thresholds`).
    """
    shares = np.linspace(1, 0, _LEVELS)
    levels = np.unique(np.quantile(enough[:, :-1], shares, method="inverted_cdf"))[::-1]
    least: float | None = None
    for start in (0, len(levels) // 2):
        for level in levels[start:]:
            coarser = enough[:, -2] >= level
            chosen = (enough[coarser, :-1] >= level).argmax(axis=1)
            kept = int(stays[coarser, chosen].sum())
            if not at_least(len(chosen), len(chosen), target, 1 - (1 - sure) / 2):
                continue  # so few prove nothing
            if not at_least(kept, len(chosen), target, 1 - (1 - sure) / 2):
                break
            least = float(level) if least is None else min(least, float(level))
    return least


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
