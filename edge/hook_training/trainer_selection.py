"""Model selection among trainers: the classifier that answers most at the target, on unseen samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trained_classifier import decide
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.classifiers.classifier import Classifier


@dataclass(frozen=True)
class Aim:
    """``target`` agreement with the network, to hold with probability ``sure``; ``seed`` of all chance."""

    target: float
    sure: float = 0.95
    seed: int = 0


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Features `(n, d) float32` and the classes of the network's answers `(n,) int64`."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RatedClassifier:
    """A trainer's classifier; its share of answers at the target and its plain agreement on validation."""

    trainer: str
    classifier: Classifier
    exit_rate: float
    agreement: float


def rate(
    trainer: str, classifier: Classifier, seen: LabelledFeatures, answers: tuple[str, ...], aim: Aim
) -> RatedClassifier:
    """Measure one classifier."""
    best, confidence = decide(classifier.scores(seen.features), answers)
    agrees = best == seen.labels
    least = threshold(confidence, agrees, aim.target, aim.sure)
    exits = 0.0 if least is None else float(np.mean(confidence >= least))
    return RatedClassifier(trainer, classifier, exits, float(agrees.mean()) if len(agrees) else 0.0)


def best_of(
    trainers: Mapping[str, Trainer],
    train: LabelledFeatures,
    validation: LabelledFeatures,
    answers: tuple[str, ...],
    aim: Aim,
) -> RatedClassifier:
    """Train with each and keep the one of the greatest exit rate at the target; of equal ones, agreement.

    Validation may be too small to prove the target for any: then agreement alone decides. Raises
    LearningError where the samples cannot be learned from.
    """
    made = {
        name: trainer(train.features, train.labels, len(answers), aim.seed)
        for name, trainer in trainers.items()
    }
    rated = [rate(name, made[name], validation, answers, aim) for name in made]
    return max(rated, key=lambda classifier: (classifier.exit_rate, classifier.agreement))
