"""Block means of feature maps: a picture reduced to what tells whether it changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled

Maps = NDArray[np.float32]


@compiled
def _add_up(maps: Maps, block: int, sums: Maps) -> None:
    """Row by row, so that memory is read in its order; ``sums`` is cleared, `(C, rows, columns)`."""
    channels, height, width = maps.shape
    columns = sums.shape[2]
    for c in range(channels):
        for y in range(height):
            row = y // block
            for column in range(columns):
                total = np.float32(0)
                for x in range(column * block, min((column + 1) * block, width)):
                    total += maps[c, y, x]
                sums[c, row, column] += total


def block_means(maps: Maps, block: int) -> Maps:
    """Means `(C, ceil(H / block), ceil(W / block)) float32` of squares of ``block`` x ``block`` values.

    ``maps`` is `(C, H, W) float32`, of any strides; the blocks at its right and lower edge may be smaller. A
    block that holds NaN or infinity has a mean that is not finite.
    """
    channels, height, width = maps.shape
    rows, columns = -(-height // block), -(-width // block)
    sums = np.zeros((channels, rows, columns), np.float32)
    _add_up(maps, block, sums)
    tall = np.minimum(block, height - np.arange(rows) * block)
    wide = np.minimum(block, width - np.arange(columns) * block)
    means: Maps = np.divide(sums, np.outer(tall, wide), dtype=np.float32)
    return means
