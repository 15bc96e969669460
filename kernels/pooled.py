"""Pooled statistics of feature maps in one pass: what a hook reads of a tensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled


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
    finite, or whose square is not, makes its channel's spread NaN. Sums are of distances to the channel's
    first value: the spread of large, nearly equal values stays true in float32.
    """
    channels, height, width = maps.shape
    rows, columns = means.shape[1], means.shape[2]
    # One lane per column, so that a row is added by vector instructions without changing any sum's order.
    lanes = np.empty((3, width), np.float32)
    sums, squares, tops = lanes[0], lanes[1], lanes[2]
    # Divisions take longer than the sums of a small cell.
    tall, wide = np.arange(rows + 1) * height // rows, np.arange(columns + 1) * width // columns
    for c in range(channels):
        base, total = maps[c, 0, 0], np.float32(0)
        squares[:] = 0
        tops[:] = base
        for i in range(rows):
            sums[:] = 0
            for y in range(tall[i], tall[i + 1]):
                row = maps[c, y]
                for x in range(width):
                    value = row[x] - base
                    sums[x] += value
                    squares[x] += value * value
                    tops[x] = row[x] if row[x] > tops[x] else tops[x]
            for j in range(columns):
                cell = np.float32(0)
                for value in sums[wide[j] : wide[j + 1]]:
                    cell += value
                means[c, i, j] = base + cell / np.float32((tall[i + 1] - tall[i]) * (wide[j + 1] - wide[j]))
                total += cell
        square, top = 0.0, tops[0]
        for x in range(width):
            square += squares[x]
            top = max(top, tops[x])
        mean = np.float64(total) / (height * width)
        variance = square / (height * width) - mean * mean
        spread[c] = np.sqrt(max(variance, 0.0)) if np.isfinite(variance) else np.nan
        peak[c] = top
