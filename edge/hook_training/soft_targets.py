"""Soft targets (knowledge distillation, Hinton et al. 2015): the network's own confidence."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.samples import Samples
from evosplit.edge.hooks.classifiers.softmax import softmax
from evosplit.edge.hooks.exit import OTHER

SOFTEN: Final = np.float32(3.0)
"""Scores are divided by it: a network is too sure of pictures like those that it was trained on."""

_MOST_SCORES: Final = 4096
_LEAST_SHARE: Final = 1e-6


def softened(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares `(n, k)` from scores before a softmax."""
    return softmax(scores / SOFTEN)


def soft_answers(samples: Samples, answers: tuple[str, ...]) -> NDArray[np.float32] | None:
    """What the network gave each of ``answers``, softened, `(n, classes)`; what is left goes to `OTHER`.

    None where no output scores the answers: the greatest score must name the answer, one name each.
    """
    for output in samples.outputs.values():
        scores = output.reshape(len(output), -1)
        if scores.dtype.kind == "f" and 2 <= scores.shape[1] <= _MOST_SCORES and np.isfinite(scores).all():
            columns = _columns(scores, samples, answers)
            if columns is not None:
                return _shares(softened(_before_softmax(scores)), columns, answers)
    return None


def _columns(scores: NDArray[Any], samples: Samples, answers: tuple[str, ...]) -> list[int] | None:
    """The score that stands for each answer but `OTHER`."""
    best, columns = scores.argmax(axis=1), []
    for answer in answers:
        if answer != OTHER:
            top = np.unique(best[samples.codes == samples.answers.index(answer)])
            if len(top) != 1:
                return None
            columns.append(int(top[0]))
    return columns if len(set(columns)) == len(columns) else None


def _before_softmax(scores: NDArray[Any]) -> NDArray[np.float32]:
    """Shares become logarithms, which differ from the scores behind them by a constant."""
    is_share = scores.min() >= 0 and np.allclose(scores.sum(axis=1), 1, atol=1e-3)
    return np.asarray(np.log(scores.clip(_LEAST_SHARE)) if is_share else scores, np.float32)


def _shares(shares: NDArray[np.float32], columns: list[int], answers: tuple[str, ...]) -> NDArray[np.float32]:
    named = shares[:, columns]
    if OTHER in answers:
        return np.insert(named, answers.index(OTHER), 1 - named.sum(axis=1), axis=1).clip(0)
    return np.asarray(named / named.sum(axis=1, keepdims=True))
