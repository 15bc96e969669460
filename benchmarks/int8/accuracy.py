"""Accuracy of answers: exact for classes and texts, precision and recall (F1) for boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.int8.datasets import Sample
from evosplit.shared.card import Card
from evosplit.shared.postprocess import postprocess
from evosplit.shared.readings.boxes import overlap

Run = Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]]
_OVERLAP = 0.5


def right_answers(card: Card, run: Run, samples: Iterable[Sample]) -> tuple[float, float]:
    """What is right, and of how much: their ratio is the accuracy. Two rounds add up."""
    counts = np.zeros(2)
    for feeds, label, size in samples:
        outcome = postprocess(card, run(feeds), size).outcome
        counts += _boxes(outcome["boxes"], label) if "boxes" in outcome else (_is_right(outcome, label), 1)
    return float(counts[0]), float(counts[1])


def _is_right(outcome: Mapping[str, Any], label: object) -> bool:
    return bool((outcome["text"] if "text" in outcome else outcome["top"][0]["class"]) == label)


def _boxes(boxes: Iterable[Mapping[str, Any]], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Matched boxes, and the mean of the numbers of found and of true ones: F1 as a ratio of sums."""
    free = truth.astype(np.float32)
    total, matched = len(truth), 0
    for box in boxes:
        total += 1
        near = overlap(np.array(box["box"], np.float32), free[:, 1:]) * (free[:, 0] == box["class"])
        if near.size and near.max() >= _OVERLAP:
            matched += 1
            free = np.delete(free, int(near.argmax()), axis=0)
    return matched, total / 2
