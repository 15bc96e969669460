"""Thresholding and dilation of a saliency map to a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled


@compiled
def salient(scores: NDArray[np.float32], limit: float, mask: NDArray[np.bool_]) -> bool:
    """Fill ``mask`` `(H, W)`, all False before; whether every score is finite.

    ``scores`` `(2, H, W)` are a position's own and its part in those of its neighbours: its score is the
    first and the mean of the second over 3 x 3 positions, zeros beyond the edge. Where that reaches
    ``limit``, the 3 x 3 positions around are set.
    """
    _, height, width = scores.shape
    share = np.float32(1 / 9)
    for y in range(height):
        top, bottom = max(y - 1, 0), min(y + 2, height)
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 2, width)
            near = np.float32(0)
            for i in range(top, bottom):
                for j in range(left, right):
                    near += scores[1, i, j]
            score = scores[0, y, x] + near * share
            if not np.isfinite(score):
                return False
            if score >= limit:
                mask[top:bottom, left:right] = True
    return True
