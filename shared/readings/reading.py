"""Reading: the interpreted outputs of one frame; scores as probabilities (softmax)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reading:
    """``outcome`` is plain JSON, shaped by the card's output kind; ``confidence`` is 0 to 1, or None."""

    outcome: Any
    confidence: float | None


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities over the last axis, in float64 so that they sum to one."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float64)


def rounded(value: float, digits: int = 6) -> float:
    """A short number for JSON."""
    return round(float(value), digits)
