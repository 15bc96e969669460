"""Result of training: a classifier with its threshold, and what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.exit import OTHER


@dataclass(frozen=True)
class TrainingTask:
    """One hook to learn: it sees columns ``start`` .. ``stop`` - 1 of the samples' features.

    Of what a frame costs that no hook answers, ``done`` is the share up to the hook, and ``hook_cost`` the
    share that the hook itself takes.
    """

    name: str
    start: int
    stop: int
    done: float = 0.0
    hook_cost: float = 0.0


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A hook's classifier.

    Class ``i`` is ``answers[i]``; `OTHER` among them, if it is, never answers. ``outputs`` by name
    `(classes, *shape)` hold what the network gave for each answer, at the mean. ``threshold`` is None where
    no confidence keeps the target. ``exit_rate`` and ``agreement`` are of the held-out samples that reached
    the hook (those that earlier tasks did not answer); ``trainer`` names what won.
    """

    name: str
    trainer: str
    classifier: Classifier
    answers: tuple[str, ...]
    outputs: Mapping[str, NDArray[Any]]
    threshold: float | None
    exit_rate: float
    agreement: float

    def decide(self, features: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The likeliest class `(n,)` and its confidence `(n,)`, 0 for `OTHER`."""
        return decide(self.classifier.scores(features), self.answers)


def decide(
    scores: NDArray[np.float32], answers: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The likeliest class of each row `(n,)` and its score `(n,)`; 0 where it is `OTHER`, no answer."""
    best = scores.argmax(axis=1)
    sure = np.take_along_axis(scores, best[:, None], axis=1)[:, 0]
    silent = np.asarray([answer == OTHER for answer in answers])
    return best, np.where(silent[best] | ~np.isfinite(sure), np.float32(0), sure)
