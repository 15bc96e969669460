"""Agreement of two answers of one network. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.audits.answer_key import outcome_key
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.postprocess import postprocess
from evosplit.shared.readings.boxes import overlap
from evosplit.shared.readings.segmentation import cells_kept

Outputs = Mapping[str, NDArray[Any]]

SAME_OVERLAP: Final = 0.5
"""Two boxes of one class that overlap so much are the same."""
SAME_SHARE: Final = 0.02
"""Outputs without a reading are the same when their difference is at most this share of them, by RMS;
masks when at most this share of their cells differs."""


def agree(card: Card | None, given: Outputs, wanted: Outputs) -> bool:
    """Whether ``given`` says what ``wanted`` says: the same key or boxes, or close masks, values."""
    if card is None or card.input.size is None:
        return _close(given, wanted)
    try:
        told, true = (postprocess(card, outputs, card.input.size).outcome for outputs in (given, wanted))
    except (CardError, InputError):
        return False
    keys = outcome_key(told), outcome_key(true)
    if keys != (None, None):
        return keys[0] == keys[1]
    if isinstance(true, Mapping) and isinstance(told, Mapping) and "boxes" in true:
        return _same_boxes(told.get("boxes", []), true["boxes"])
    if isinstance(true, Mapping) and isinstance(told, Mapping) and "mask" in true:
        return cells_kept(true, told) >= 1 - SAME_SHARE
    return _close(given, wanted)


def _same_boxes(told: list[dict[str, Any]], true: list[dict[str, Any]]) -> bool:
    """Whether each box has a partner of its own on the other side."""
    free = list(true)
    for box in told:
        corners = np.asarray(box["box"], np.float32)
        fits = [index for index, other in enumerate(free) if other["class"] == box["class"]]
        best = max(fits, key=lambda index: _overlap(corners, free[index]), default=None)
        if best is None or _overlap(corners, free[best]) < SAME_OVERLAP:
            return False
        free.pop(best)
    return not free


def _overlap(corners: NDArray[np.float32], other: Mapping[str, Any]) -> float:
    return float(overlap(corners, np.asarray(other["box"], np.float32)[None])[0])


def _close(given: Outputs, wanted: Outputs) -> bool:
    return given.keys() >= wanted.keys() and all(_near(given[name], wanted[name]) for name in wanted)


def _near(given: NDArray[Any], wanted: NDArray[Any]) -> bool:
    if given.shape != wanted.shape:
        return False
    if wanted.dtype.kind != "f":
        return bool(np.array_equal(given, wanted))
    error = float(np.square(given.astype(np.float64) - wanted).sum())
    return error <= SAME_SHARE**2 * float(np.square(wanted.astype(np.float64)).sum())
