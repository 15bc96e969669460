"""Box decoding of the Ultra-Light-Fast face detector."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.box_outputs import UltraFaceOutput
from evosplit.shared.card.ultraface_anchors import anchors
from evosplit.shared.readings.boxes import box_reading, suppress
from evosplit.shared.readings.likely_boxes import likely_faces
from evosplit.shared.readings.reading import Reading
from evosplit.shared.resize import Placement

# The variances that the detector was trained with.
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
    likely = likely_faces(output, scores)
    corners = _decode(boxes[likely], anchors(size)[likely]) if output.encoded else boxes[likely]
    likely_boxes = corners * np.asarray([size[1], size[0]] * 2, np.float32)
    sure = scores[likely, 1]
    faces = np.zeros(len(sure), np.int64)
    kept = suppress(likely_boxes, sure, faces, output.overlap)
    return box_reading(placement.to_original(likely_boxes[kept]), sure[kept], faces[kept], labels)


def _decode(boxes: NDArray[np.float32], base: NDArray[np.float32]) -> NDArray[np.float32]:
    """SSD's box coding: centre = offset * variance * side + centre, side = exp(log * variance) * side."""
    centre = boxes[:, :2] * _CENTRE_VARIANCE * base[:, 2:] + base[:, :2]
    half = np.exp(np.clip(boxes[:, 2:] * _SIDE_VARIANCE, None, 10)) * base[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)
