"""Correctness criteria per kind of outcome, against a label or the whole network's own answer."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from evosplit.shared.errors import CardError
from evosplit.shared.readings.segmentation import cells_kept

Outcome = Any
Criterion = Callable[[Outcome], bool]

OVERLAP: Final = 0.5
SURE: Final = 0.5
"""Boxes of a lower score may come and go; a sure one must be found again."""
PSNR_DB: Final = 30.0
CELLS: Final = 0.95
"""The share of a mask's cells that keep their class."""


def is_text(text: str) -> Criterion:
    """The exact text."""
    return lambda outcome: bool(outcome["text"] == text)


def is_class(index: int) -> Criterion:
    """The class is the first of the top list."""
    return lambda outcome: bool(outcome["top"][0]["class"] == index)


def agrees_with(reference: Outcome) -> Criterion:
    """As the reference says, by its kind. Raises CardError for outcomes that have no meaning to compare."""
    if "text" in reference:
        return is_text(reference["text"])
    if "top" in reference:
        return is_class(reference["top"][0]["class"])
    if "boxes" in reference:
        return lambda outcome: same_boxes(reference["boxes"], outcome["boxes"])
    if "mask" in reference:
        return lambda outcome: cells_kept(reference, outcome) >= CELLS
    if "png_base64" in reference:
        return lambda outcome: _psnr_db(_pixels(reference), _pixels(outcome)) >= PSNR_DB
    raise CardError("a demo needs a card that says what the outputs mean, not one of kind raw")


def same_boxes(these: Sequence[Mapping[str, Any]], those: Sequence[Mapping[str, Any]]) -> bool:
    """Each sure box of either side has one of its class on the other that overlaps by half."""
    return _all_found(these, those) and _all_found(those, these)


def _all_found(wanted: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> bool:
    return all(
        any(
            box["class"] == other["class"] and _overlap(box["box"], other["box"]) >= OVERLAP
            for other in there
        )
        for box in wanted
        if box["score"] >= SURE
    )


def _overlap(box: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of (left, top, right, bottom)."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(box) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _pixels(outcome: Outcome) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(outcome["png_base64"]))), np.float64)


def _psnr_db(picture: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures; infinite for equal ones."""
    error = float(np.mean((picture - other) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))
