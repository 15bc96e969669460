"""Bounding boxes: overlap, non-maximum suppression, and their form in a result."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.readings.reading import Reading, rounded

MOST_BOXES: Final = 300
"""More are never told, the surest first: as many as YOLO's own tools tell."""


def overlap(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one corner box ``(4,)`` with each of ``(n, 4)``; 0 for empty boxes."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared_area = np.clip(high - low, 0, None).prod(axis=1)
    union = _area(box[None]) + _area(others) - shared_area
    return np.asarray(np.divide(shared_area, union, out=np.zeros_like(shared_area), where=union > 0))


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.int64], limit: float
) -> list[int]:
    """Indices of the boxes that stay, best first: greedy non-maximum suppression within each class.

    At most `MOST_BOXES`: where a threshold is far too low, neither the time nor a result grows without end.
    """
    kept: list[int] = []
    order = np.argsort(-scores, kind="stable")
    while order.size and len(kept) < MOST_BOXES:
        first, rest = int(order[0]), order[1:]
        kept.append(first)
        hidden = (overlap(boxes[first], boxes[rest]) > limit) & (classes[rest] == classes[first])
        order = rest[~hidden]
    return kept


def box_reading(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    classes: NDArray[np.int64],
    labels: tuple[str, ...] | None,
) -> Reading:
    """``{"boxes": [{"class", "label", "score", "box": [left, top, right, bottom]}, ...]}`` in picture pixels.

    The confidence is that of the best box, None without any.
    """
    entries: list[dict[str, Any]] = []
    for box, score, index in zip(boxes, scores, classes, strict=True):
        named = {} if labels is None else {"label": labels[int(index)]}
        corners = [rounded(side, 2) for side in box]
        entries.append({"class": int(index), **named, "score": rounded(score), "box": corners})
    return Reading({"boxes": entries}, entries[0]["score"] if entries else None)


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1))
