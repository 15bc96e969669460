"""The classification extension: the best classes of an output instead of all its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.oip.messages import InferTensor


def classify(item: InferTensor, count: int, labels: Sequence[str] = ()) -> InferTensor:
    """The ``count`` best of the last axis as BYTES ``value:index`` or ``value:index:label``.

    ``(..., C)`` numbers become ``(..., min(count, C))`` strings, best first.
    """
    scores: NDArray[Any] = item.data.reshape(item.shape or (1,))
    best = np.argsort(-scores.astype(np.float64), axis=-1, kind="stable")[..., :count]
    values = np.take_along_axis(scores, best, axis=-1)
    texts = np.empty(best.shape, object)
    for place in np.ndindex(best.shape):
        texts[place] = _entry(float(values[place]), int(best[place]), labels)
    return InferTensor(item.name, "BYTES", best.shape, texts)


def _entry(value: float, index: int, labels: Sequence[str]) -> bytes:
    label = f":{labels[index]}" if index < len(labels) else ""
    return f"{value:f}:{index}{label}".encode()
