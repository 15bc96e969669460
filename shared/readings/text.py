"""Scores of symbols to a text. A text is as sure as its least sure symbol."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from shared.card.outputs import TextCtcOutput, TextSlotsOutput
from shared.readings.scores import rounded, softmax
from shared.readings.types import Reading


def read_slots(output: TextSlotsOutput, logits: NDArray[np.float32]) -> Reading:
    """``{"text": "..."}`` from ``(slots, classes)``: the best symbol of each slot, blanks left out."""
    shares = softmax(logits)
    best = shares.argmax(axis=1)
    text = "".join(output.symbols[index] for index in best)
    return _reading(output, text, float(shares.max(axis=1).min()))


def read_ctc(output: TextCtcOutput, logits: NDArray[np.float32]) -> Reading:
    """``{"text": "..."}`` from ``(time, classes)`` by the best path: repeats collapse, then blanks go.

    Graves et al. 2006, section 3.2. A symbol that lasts several steps is as sure as at its surest step.
    """
    shares = softmax(logits if output.axes == "time-classes" else logits.T)
    best, sure = shares.argmax(axis=1), shares.max(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    symbols, peaks = best[starts], np.maximum.reduceat(sure, starts)
    kept = symbols != output.blank_index
    confidence = peaks[kept].min() if kept.any() else sure.min()
    return _reading(output, "".join(output.symbols[index] for index in symbols[kept]), float(confidence))


def _reading(output: TextCtcOutput | TextSlotsOutput, text: str, confidence: float) -> Reading:
    fits = output.pattern is None or re.fullmatch(output.pattern, text) is not None
    return Reading({"text": text if fits else ""}, rounded(confidence))
