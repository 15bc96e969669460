"""Statistics of feature maps in one pass: what a hook reads of a tensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled


@compiled
def pooled(
    maps: NDArray[np.float32],
    means: NDArray[np.float32],
    spread: NDArray[np.float32],
    peak: NDArray[np.float32],
) -> None:
    """Fill ``means`` `(C, G, K)` per cell, ``spread`` `(C,)` standard deviations and ``peak`` `(C,)` maxima.

    ``maps`` is `(C, H, W)` and contiguous, H >= G > 0, W >= K > 0. Cell g covers the rows from ``g * H // G``
    to before ``(g + 1) * H // G``, likewise columns, so every value is in one cell. A value that is not
    finite makes its channel's spread NaN. Sums are in float64: the spread of large, nearly equal values
    stays true.
    """
    channels, height, width = maps.shape
    rows, columns = means.shape[1], means.shape[2]
    for c in range(channels):
        total, squares, top = 0.0, 0.0, maps[c, 0, 0]
        for i in range(rows):
            first, last = i * height // rows, (i + 1) * height // rows
            for j in range(columns):
                left, right = j * width // columns, (j + 1) * width // columns
                cell = 0.0
                for y in range(first, last):
                    for x in range(left, right):
                        value = np.float64(maps[c, y, x])
                        cell += value
                        squares += value * value
                        top = max(top, maps[c, y, x])
                means[c, i, j] = cell / ((last - first) * (right - left))
                total += cell
        mean = total / (height * width)
        variance = squares / (height * width) - mean * mean
        spread[c] = np.sqrt(max(variance, 0.0)) if np.isfinite(variance) else np.nan
        peak[c] = top
