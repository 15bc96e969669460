"""Classification outputs: the best few of one score per class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.outputs import ClassesOutput
from evosplit.shared.readings.reading import Reading, rounded, softmax


def read_classes(
    output: ClassesOutput, labels: tuple[str, ...] | None, scores: NDArray[np.float32]
) -> Reading:
    """``{"top": [{"class": 3, "label": "cat", "score": 0.93}, ...]}``, best first; ``label`` where named."""
    flat = scores.reshape(-1)
    shares = softmax(flat) if output.scores == "logits" else flat.astype(np.float64)
    best = np.argsort(-shares, kind="stable")[: output.top]
    top = [_entry(int(index), labels, shares[index]) for index in best]
    return Reading({"top": top}, top[0]["score"])


def _entry(index: int, labels: tuple[str, ...] | None, score: float) -> dict[str, Any]:
    named = {} if labels is None else {"label": labels[index]}
    return {"class": index, **named, "score": rounded(score)}
