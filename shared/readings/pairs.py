"""Matching of two lists of boxes: how many of one find a partner in the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from evosplit.shared.readings.boxes import overlap

SAME_OVERLAP: Final = 0.5
"""Two boxes of one class whose intersection is at least this share of their union are the same."""


def boxes_kept(true: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> float:
    """Boxes with a partner of their own, the best first, over the longer list; 1 where both are empty."""
    free = list(range(len(told)))
    pairs = 0
    for box in true:
        shares = {index: _share(box, told[index]) for index in free}
        best = max(shares, key=lambda index: shares[index], default=None)
        if best is not None and shares[best] >= SAME_OVERLAP:
            free.remove(best)
            pairs += 1
    longest = max(len(true), len(told))
    return pairs / longest if longest else 1.0


def _share(box: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    if box["class"] != other["class"]:
        return 0.0
    corners = (np.asarray(each["box"], np.float32) for each in (box, other))
    first, second = corners
    return float(overlap(first, second[None])[0])
