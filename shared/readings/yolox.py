"""Box decoding of YOLOX (Ge et al. 2021): the grid is decoded outside the graph."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import YoloxOutput
from evosplit.shared.readings.boxes import box_reading, suppress
from evosplit.shared.readings.likely_boxes import likely_boxes
from evosplit.shared.readings.reading import Reading
from evosplit.shared.resize import Placement


def read_yolox(
    output: YoloxOutput,
    labels: tuple[str, ...] | None,
    predictions: NDArray[np.float32],
    size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes from ``(anchors, 5 + classes) float32``; ``size`` is the network's input (height, width)."""
    likely = likely_boxes(output, predictions)
    few = predictions[likely]
    confident = few[:, 4:5] * few[:, 5:]
    classes, scores = confident.argmax(axis=1), confident.max(axis=1)
    cells, steps = _grid(size, output.strides)
    boxes = _decode(few, cells[likely], steps[likely])
    kept = suppress(boxes, scores, classes, output.overlap)
    return box_reading(placement.to_original(boxes[kept]), scores[kept], classes[kept], labels)


def _decode(
    predictions: NDArray[np.float32], cells: NDArray[np.float32], steps: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Centre = (offset + cell) * stride, side = exp(log side) * stride; to corner boxes ``(anchors, 4)``."""
    centre = (predictions[:, :2] + cells) * steps
    # Noise of coarse codes can blow a logarithm up; no side is longer than e^10 strides.
    half = np.exp(np.clip(predictions[:, 2:4], None, 10)) * steps / 2
    return np.concatenate([centre - half, centre + half], axis=1)


@functools.lru_cache(maxsize=8)
def _grid(size: tuple[int, int], strides: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cells ``(anchors, 2)`` as (x, y), row by row, and their strides ``(anchors, 1)``; finest first."""
    cells = [_cells(size[0] // stride, size[1] // stride) for stride in strides]
    steps = [np.full((len(some), 1), stride, np.float32) for some, stride in zip(cells, strides, strict=True)]
    return np.concatenate(cells), np.concatenate(steps)


def _cells(rows: int, columns: int) -> NDArray[np.float32]:
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
