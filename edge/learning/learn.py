"""From samples to classifiers with thresholds: one for each place where a hook may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.learning.best import Aim, Rated, Seen, best_of
from edge.learning.calibrate import threshold
from edge.learning.classes import choose_answers, labels_of, mean_outputs
from edge.learning.learned import Learned, Task, decide
from edge.learning.samples import Samples
from edge.learning.split import Parts, split
from edge.learning.trainers import TRAINERS
from edge.learning.trainers.types import Trainer
from shared.errors import LearningError


def learn(
    samples: Samples,
    tasks: Sequence[Task],
    target: float,
    *,
    trainers: Mapping[str, Trainer] | None = None,
    sure: float = 0.95,
    seed: int = 0,
) -> tuple[Learned, ...]:
    """Train every task with every trainer and keep the best of each; tasks stand in the order of the head.

    A task is chosen and calibrated on the held-out samples that no task before it answers, as it will meet
    them. Raises LearningError where there are too few samples.
    """
    return learn_with(samples, tasks, trainers or TRAINERS, Aim(target, sure, seed))


def learn_with(
    samples: Samples, tasks: Sequence[Task], trainers: Mapping[str, Trainer], aim: Aim
) -> tuple[Learned, ...]:
    """As `learn`, the aim in one value."""
    answers, parts = choose_answers(samples), split(samples)
    if min(len(parts.train), len(parts.validation), len(parts.calibration)) == 0:
        raise LearningError(f"{len(samples)} samples are too few to learn from")
    labels = labels_of(samples, answers)
    outputs = mean_outputs(samples.outputs, labels, len(answers))
    found: list[Learned] = []
    for task in tasks:
        features = samples.features[:, task.start : task.stop]
        train, choose, held = (
            Seen(features[rows], labels[rows]) for rows in (parts.train, parts.validation, parts.calibration)
        )
        won = best_of(trainers, train, choose, answers, aim)
        found.append(_calibrated(task.name, won, held, answers, outputs, aim))
        parts = _remaining(parts, found[-1], features)
    return tuple(found)


def _calibrated(
    name: str,
    won: Rated,
    held: Seen,
    answers: tuple[str, ...],
    outputs: Mapping[str, NDArray[Any]],
    aim: Aim,
) -> Learned:
    best, confidence = decide(won.classifier.scores(held.features), answers)
    least = threshold(confidence, best == held.labels, aim.target, aim.sure)
    exits = confidence >= (np.inf if least is None else least)
    agreement = float(np.mean(best[exits] == held.labels[exits])) if exits.any() else 0.0
    rate = float(exits.mean()) if len(exits) else 0.0
    return Learned(name, won.trainer, won.classifier, answers, outputs, least, rate, agreement)


def _remaining(parts: Parts, made: Learned, features: NDArray[np.float32]) -> Parts:
    """Without the held-out samples that this task answers."""
    if made.threshold is None:
        return parts
    going_on = made.decide(features)[1] < made.threshold
    keep = [rows[going_on[rows]] for rows in (parts.validation, parts.calibration)]
    return Parts(parts.train, keep[0], keep[1])
