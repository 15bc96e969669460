"""Box decoding of single-shot detectors (SSD), whose graphs decode the anchors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import SsdOutput
from evosplit.shared.readings.boxes import box_reading, suppress
from evosplit.shared.readings.likely_boxes import likely_suppressed, likely_things
from evosplit.shared.readings.reading import Reading
from evosplit.shared.resize import Placement


def read_ssd(
    output: SsdOutput,
    labels: tuple[str, ...] | None,
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes from scores ``(boxes, classes)`` and corners ``(boxes, 4)``; several classes may share a box."""
    things = scores if output.background is None else np.delete(scores, output.background, axis=1)
    rows, classes = np.nonzero(likely_things(output, scores))
    corners, sure = _in_pixels(output, boxes[rows], size), things[rows, classes]
    kept = suppress(corners, sure, classes, output.overlap)
    return box_reading(placement.to_original(corners[kept]), sure[kept], classes[kept], labels)


def read_suppressed(
    output: SsdOutput,
    labels: tuple[str, ...] | None,
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
    classes: NDArray[np.float32],
    size: tuple[int, int],
    placement: Placement,
) -> Reading:
    """Boxes that the graph has suppressed: scores ``(boxes,)``, corners ``(boxes, 4)``, classes ``(boxes,)``.

    Those of the background are what fills up the output.
    """
    numbers = np.rint(classes).astype(np.int64)
    likely = np.flatnonzero(likely_suppressed(output, scores, classes))
    likely = likely[np.argsort(-scores[likely], kind="stable")]
    corners = placement.to_original(_in_pixels(output, boxes[likely], size))
    behind = 0 if output.background is None else (numbers[likely] > output.background).astype(np.int64)
    return box_reading(corners, scores[likely], numbers[likely] - behind, labels)


def _in_pixels(output: SsdOutput, boxes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Corners (left, top, right, bottom) in pixels of the input."""
    corners = boxes[:, [1, 0, 3, 2]] if output.order == "top-left" else boxes
    return corners * np.asarray([size[1], size[0]] * 2, np.float32) if output.unit == "shares" else corners
