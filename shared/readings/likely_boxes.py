"""Score thresholds of detectors: which rows of the outputs count, before any box is decoded.

Rows that score nothing (zeros) never do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]


def likely_boxes(output: YoloxOutput | Yolov5Output, predictions: Floats) -> Flags:
    """Rows of ``(boxes, 5 + classes) float32`` whose objectness times that of a class is over the score.

    Products are made of the few rows alone that the largest class score of all, or the least, could lift.
    """
    objectness, classes = predictions[:, 4], predictions[:, 5:]
    most, least = classes.max(), classes.min()
    likely = np.asarray((objectness * most > output.score) | (objectness * least > output.score))
    rows = np.flatnonzero(likely)
    likely[rows] = (objectness[rows, None] * classes[rows]).max(axis=1) > output.score
    return likely


def likely_columns(output: Yolov8Output, predictions: Floats) -> Flags:
    """Columns of ``(4 + classes + rest, boxes) float32`` with a class over the score."""
    classes = predictions.shape[0] - output.rest
    return np.asarray(predictions[4:classes].max(axis=0) > output.score)


def likely_rows(output: BoxRowsOutput, rows: Floats) -> Flags:
    """Rows of ``(boxes, 6) float32`` whose fifth value is over the score."""
    return np.asarray(rows[:, 4] > output.score)


def likely_faces(output: UltraFaceOutput, scores: Floats) -> Flags:
    """Anchors whose second score of ``(anchors, 2)``, that of a face, is over the score."""
    return np.asarray(scores[:, 1] > output.score)


def likely_things(output: SsdOutput, scores: Floats) -> Flags:
    """Which of the scores ``(boxes, classes)``, the background's left out, are over the score."""
    things = scores if output.background is None else np.delete(scores, output.background, axis=1)
    return np.asarray(things > output.score)


def likely_suppressed(output: SsdOutput, scores: Floats, classes: Floats) -> Flags:
    """Boxes of ``(boxes,)`` scores and classes that are over the score and not the background."""
    return np.asarray((scores > output.score) & (np.rint(classes) != output.background))
