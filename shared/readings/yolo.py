"""Box decoding of Ultralytics exports: YOLOv5 to YOLO11, whose graphs decode the grid themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import BoxRowsOutput, Yolov5Output, Yolov8Output
from evosplit.shared.readings.boxes import box_reading, suppress
from evosplit.shared.readings.likely_boxes import likely_boxes, likely_columns, likely_rows
from evosplit.shared.readings.reading import Reading
from evosplit.shared.resize import Placement


def read_yolov5(
    output: Yolov5Output,
    labels: tuple[str, ...] | None,
    predictions: NDArray[np.float32],
    _size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes from ``(boxes, 5 + classes) float32``: centre x, y, width, height, objectness, class scores."""
    few = predictions[likely_boxes(output, predictions)]
    return _best_boxes(output, labels, few[:, :4], few[:, 4:5] * few[:, 5:], placement)


def read_yolov8(
    output: Yolov8Output,
    labels: tuple[str, ...] | None,
    predictions: NDArray[np.float32],
    _size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes from ``(4 + classes + rest, boxes) float32``: centre x, y, width, height, class scores."""
    few = predictions[:, likely_columns(output, predictions)].T
    classes = predictions.shape[0] - output.rest
    return _best_boxes(output, labels, few[:, :4], few[:, 4:classes], placement)


def read_rows(
    output: BoxRowsOutput,
    labels: tuple[str, ...] | None,
    rows: NDArray[np.float32],
    _size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes from ``(boxes, 6) float32``: corners, score, class; suppressed by the graph."""
    likely = rows[likely_rows(output, rows)]
    likely = likely[np.argsort(-likely[:, 4], kind="stable")]
    boxes = placement.to_original(likely[:, :4])
    return box_reading(boxes, likely[:, 4], likely[:, 5].astype(np.int64), labels)


def _best_boxes(
    output: Yolov5Output | Yolov8Output,
    labels: tuple[str, ...] | None,
    centred: NDArray[np.float32],
    scores: NDArray[np.float32],
    placement: Placement,
) -> Reading:
    """Each box with its best class; ``centred`` is ``(boxes, 4)``, ``scores`` ``(boxes, classes)``."""
    sure, classes = scores.max(axis=1), scores.argmax(axis=1)
    centre, half = centred[:, :2], centred[:, 2:4] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    kept = suppress(boxes, sure, classes, output.overlap)
    return box_reading(placement.to_original(boxes[kept]), sure[kept], classes[kept], labels)
