"""How much of one answer another one keeps: all or nothing of a class or a text, a share of boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.card import Card
from shared.errors import UsageError
from shared.postprocess import postprocess
from shared.readings.boxes import overlap

Outputs: TypeAlias = Mapping[str, NDArray[Any]]

SAME_OVERLAP: Final = 0.5
"""Two boxes of one class whose intersection is at least this share of their union are the same."""


def agreement(card: Card, right: Outputs, found: Outputs) -> float:
    """0 to 1; boxes count as pairs over the more numerous side, so that lost and invented ones both cost.

    Raises UsageError for networks that answer with pictures or raw values.
    """
    size = card.input.size or (1, 1)
    true, told = (postprocess(card, outputs, size).outcome for outputs in (right, found))
    if not isinstance(true, Mapping) or not isinstance(told, Mapping):
        raise UsageError(f"{card.name}: answers of this kind cannot be compared")
    if "top" in true:
        return float(true["top"][0]["class"] == told["top"][0]["class"])
    if "text" in true:
        return float(true["text"] == told["text"])
    if "boxes" in true:
        return boxes_kept(true["boxes"], told["boxes"])
    raise UsageError(f"{card.name}: answers of this kind cannot be compared")


def boxes_kept(true: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> float:
    """Boxes with a partner of their own, the best first, over the longer list; 1 where both are empty."""
    free = list(range(len(told)))
    pairs = 0
    for box in true:
        shares = {at: _share(box, told[at]) for at in free}
        best = max(shares, key=lambda at: shares[at], default=None)
        if best is not None and shares[best] >= SAME_OVERLAP:
            free.remove(best)
            pairs += 1
    longest = max(len(true), len(told))
    return pairs / longest if longest else 1.0


def _share(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    if one["class"] != other["class"]:
        return 0.0
    corners = (np.asarray(box["box"], np.float32) for box in (one, other))
    first, second = corners
    return float(overlap(first, second[None])[0])
