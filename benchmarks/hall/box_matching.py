"""Box matching by intersection over union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from evosplit.shared.readings.boxes import overlap

Boxes = Sequence[Mapping[str, Any]]
LEAST_OVERLAP: Final = 0.5


def same_boxes(got: Boxes, wanted: Boxes) -> tuple[int, int]:
    """How many boxes have a partner of their class that overlaps by half, and how many there are, both ways.

    Each box has at most one partner; the best boxes choose first.
    """
    left, matched = list(wanted), 0
    for box in got:
        rivals = [other for other in left if other["class"] == box["class"]]
        shares = [_share(box, other) for other in rivals]
        if shares and max(shares) >= LEAST_OVERLAP:
            left.remove(rivals[shares.index(max(shares))])
            matched += 1
    return 2 * matched, len(got) + len(wanted)


def _share(box: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    return float(overlap(np.array(box["box"], np.float32), np.array([other["box"]], np.float32))[0])
