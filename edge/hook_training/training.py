"""Training of classifiers with thresholds, one for each place where a hook may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.answer_classes import choose_answers, labels_of, mean_outputs
from evosplit.edge.hook_training.joint_thresholds import NEVER, ExitRow, reached, worthwhile
from evosplit.edge.hook_training.sample_split import Parts, split
from evosplit.edge.hook_training.samples import Samples
from evosplit.edge.hook_training.soft_targets import soft_answers
from evosplit.edge.hook_training.trained_classifier import TrainedClassifier, TrainingTask, decide
from evosplit.edge.hook_training.trainer_selection import Aim, LabelledFeatures, best_of
from evosplit.edge.hook_training.trainers import TRAINERS
from evosplit.edge.hook_training.trainers.hidden import fit_hidden
from evosplit.edge.hook_training.trainers.prepare import check
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.shared.errors import LearningError


def learn(
    samples: Samples,
    tasks: Sequence[TrainingTask],
    target: float,
    *,
    trainers: Mapping[str, Trainer] | None = None,
    sure: float = 0.95,
    seed: int = 0,
) -> tuple[TrainedClassifier, ...]:
    """Train every task with every trainer and keep the best of each; tasks stand in the order of the head.

    ``target`` is the share of all frames whose answer is the network's, whoever gives it. A task is chosen by
    what it answers alone; thresholds are set for all tasks together, and a task that costs the frames which
    pass it more than it saves gets none. Raises LearningError where there are too few samples.
    """
    return learn_with(samples, tasks, trainers or TRAINERS, Aim(target, sure, seed))


def learn_with(
    samples: Samples, tasks: Sequence[TrainingTask], trainers: Mapping[str, Trainer], aim: Aim
) -> tuple[TrainedClassifier, ...]:
    """As `learn`, the aim in one value."""
    answers, parts = choose_answers(samples), split(samples)
    if min(len(parts.train), len(parts.validation), len(parts.calibration)) == 0:
        raise LearningError(f"{len(samples)} samples are too few to learn from")
    labels = labels_of(samples, answers)
    outputs = mean_outputs(samples.outputs, labels, len(answers))
    trainers = _with_shares(trainers, soft_answers(samples, answers), parts)
    won, rows = [], []
    for task in tasks:
        features = samples.features[:, task.start : task.stop]
        train, choose, held = (
            LabelledFeatures(features[part], labels[part])
            for part in (parts.train, parts.validation, parts.calibration)
        )
        won.append(best_of(trainers, train, choose, answers, aim))
        best, confidence = decide(won[-1].classifier.scores(held.features), answers)
        rows.append(ExitRow(confidence, best == held.labels, task.done))
    limits = _limits(rows, max((task.hook_cost for task in tasks), default=0.0), aim)
    rates = reached(rows, limits)
    return tuple(
        TrainedClassifier(
            task.name, winner.trainer, winner.classifier, answers, outputs, _or_none(limit), *rate
        )
        for task, winner, limit, rate in zip(tasks, won, limits, rates, strict=True)
    )


def _with_shares(
    trainers: Mapping[str, Trainer], wanted: NDArray[np.float32] | None, parts: Parts
) -> Mapping[str, Trainer]:
    """Where it is known how sure the network was, the hidden layer learns that."""
    if wanted is None or "hidden" not in trainers:
        return trainers
    shares = wanted[parts.train]

    def fit(features: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int) -> Classifier:
        check(features, labels, classes)
        return fit_hidden(features, shares, seed)

    return {**trainers, "hidden": fit}


def _limits(rows: Sequence[ExitRow], hook_cost: float, aim: Aim) -> tuple[float, ...]:
    count = len(rows[0].agrees) if rows else 0
    rest = ExitRow(np.ones(count), np.ones(count, np.bool_), 1.0)
    return worthwhile(rows, rest, aim.target, hook_cost, aim.sure).thresholds


def _or_none(limit: float) -> float | None:
    return None if limit >= NEVER else limit
