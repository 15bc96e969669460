"""Label encoding: which answers become classes, and what each of them gives out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.samples import Samples
from evosplit.edge.hooks.exit import OTHER

LEAST_SAMPLES: Final = 20
"""Of an answer to train on, for it to become a class."""

MOST_CLASSES: Final = 64
"""Beside `OTHER`. A head of more classes costs more than it saves."""


def choose_answers(samples: Samples, least: int = LEAST_SAMPLES, most: int = MOST_CLASSES) -> tuple[str, ...]:
    """The answers seen often enough, most frequent first; `OTHER` last, if any sample has another."""
    counts = np.bincount(samples.codes[~samples.held], minlength=len(samples.answers))
    often = [code for code in np.argsort(-counts, kind="stable") if code and counts[code] >= least][:most]
    rest = set(np.unique(samples.codes).tolist()) - set(often)
    return (*(samples.answers[code] for code in often), *((OTHER,) if rest else ()))


def labels_of(samples: Samples, answers: tuple[str, ...]) -> NDArray[np.int64]:
    """The class of each sample `(n,)`; that of `OTHER` for answers that are none."""
    classes = {answer: index for index, answer in enumerate(answers)}
    other = classes.get(OTHER, 0)
    return np.asarray([classes.get(answer, other) for answer in samples.answers], np.int64)[samples.codes]


def mean_outputs(
    outputs: Mapping[str, NDArray[Any]], labels: NDArray[np.int64], classes: int
) -> dict[str, NDArray[Any]]:
    """The mean outputs of each class by name `(classes, *shape)`, of their dtype; zeros for an empty one."""
    members = [np.flatnonzero(labels == index) for index in range(classes)]
    return {name: np.stack([_mean(values, rows) for rows in members]) for name, values in outputs.items()}


def _mean(values: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    if not len(rows):
        return np.zeros(values.shape[1:], values.dtype)
    mean = values[rows].mean(axis=0, dtype=np.float64)
    rounded = np.rint(mean) if np.issubdtype(values.dtype, np.integer) else mean
    return np.asarray(rounded, values.dtype)
