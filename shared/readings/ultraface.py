"""Outputs of the Ultra-Light-Fast face detector to boxes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.card.outputs import UltraFaceOutput
from shared.readings.boxes import box_reading, suppress
from shared.readings.types import Reading
from shared.resize import Placement

# The anchors and variances that the detector was trained with (its config.py and box_utils.py).
_ANCHOR_SIDES: Final = {8: (10, 16, 24), 16: (32, 48), 32: (64, 96), 64: (128, 192, 256)}
_CENTRE_VARIANCE: Final = 0.1
_SIDE_VARIANCE: Final = 0.2


def read_ultraface(
    output: UltraFaceOutput,
    labels: tuple[str, ...] | None,
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Faces (class 0) from scores ``(anchors, 2)`` and boxes ``(anchors, 4)``; ``size`` is the input's."""
    likely = scores[:, 1] > output.score
    corners = _decode(boxes, size) if output.encoded else boxes
    found = corners[likely] * np.asarray([size[1], size[0]] * 2, np.float32)
    sure = scores[likely, 1]
    faces = np.zeros(len(sure), np.int64)
    kept = suppress(found, sure, faces, output.overlap)
    return box_reading(placement.to_original(found[kept]), sure[kept], faces[kept], labels)


def anchor_count(size: tuple[int, int]) -> int:
    """How many anchors an input of ``size`` (height, width) has."""
    return sum(
        math.ceil(size[0] / stride) * math.ceil(size[1] / stride) * len(sides)
        for stride, sides in _ANCHOR_SIDES.items()
    )


def _decode(boxes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """SSD's box coding: centre = offset * variance * side + centre, side = exp(log * variance) * side."""
    anchors = _anchors(size)
    centre = boxes[:, :2] * _CENTRE_VARIANCE * anchors[:, 2:] + anchors[:, :2]
    half = np.exp(np.clip(boxes[:, 2:] * _SIDE_VARIANCE, None, 10)) * anchors[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _anchors(size: tuple[int, int]) -> NDArray[np.float32]:
    """``(anchors, 4)``: centre x, y, width, height in 0..1, row by row, finest stride first."""
    return np.concatenate([_level(size, stride, sides) for stride, sides in _ANCHOR_SIDES.items()])


def _level(size: tuple[int, int], stride: int, sides: tuple[int, ...]) -> NDArray[np.float32]:
    height, width = size
    y, x, side = np.meshgrid(
        np.arange(math.ceil(height / stride)), np.arange(math.ceil(width / stride)), sides, indexing="ij"
    )
    # Centres are divided by the exact number of cells, size / stride, even where that is not whole.
    columns = [(x + 0.5) * stride / width, (y + 0.5) * stride / height, side / width, side / height]
    return np.clip(np.stack([column.ravel() for column in columns], axis=1), 0, 1).astype(np.float32)
