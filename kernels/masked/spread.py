"""How a mask passes through a window, compiled: rows first, then columns, then the list of set positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.masked.arrays import Integer, Numbers
from kernels.masked.gather import Positions, list_set

Bytes = NDArray[np.uint8]


# Rows are cut out before a loop: indices that begin at 0 let LLVM make vectors of it.


@compiled
def clear(row: Bytes) -> None:
    """All 0."""
    for i in range(row.size):
        row[i] = 0


@compiled
def join(row: Bytes, other: Bytes, stride: Integer) -> None:
    """``row[i] |= other[i * stride]``."""
    if stride == 1:
        for i in range(row.size):
            row[i] |= other[i]
    elif stride == 2:
        for i in range(row.size):
            row[i] |= other[2 * i]
    else:
        for i in range(row.size):
            row[i] |= other[i * stride]


@compiled
def spread(mask: Bytes, geometry: Numbers, rows: Bytes, out: Bytes) -> None:
    """Set ``out`` (h, w) where the window has a set position of ``mask`` (H, W); ``rows``: room (H, w)."""
    height, width, stride = mask.shape[0], mask.shape[1], geometry[3]
    for y in range(height):
        clear(rows[y])
        for tap in range(geometry[1]):
            shift = tap * geometry[7] - geometry[5]
            first = max(0, (stride - 1 - shift) // stride)
            last = min(out.shape[1], (width - 1 - shift) // stride + 1)
            if first < last:
                join(rows[y][first:last], mask[y][first * stride + shift :], stride)
    for y in range(out.shape[0]):
        clear(out[y])
        for tap in range(geometry[0]):
            row = y * geometry[2] - geometry[4] + tap * geometry[6]
            if 0 <= row < height:
                join(out[y], rows[row], 1)


@compiled
def spread_and_list(
    mask: Bytes, geometry: Numbers, rows: Bytes, out: Bytes, wanted: Bytes, found: Positions
) -> int:
    """``spread``, then keep what ``wanted`` (h, w; no rows: all) has too; list it, return how many."""
    spread(mask, geometry, rows, out)
    return limit_and_list(out, wanted, found)


@compiled
def limit_and_list(mask: Bytes, wanted: Bytes, found: Positions) -> int:
    """Clear what ``wanted`` (without rows: all) has not; list what is set, return how many."""
    for y in range(wanted.shape[0]):
        row, other = mask[y], wanted[y]
        for i in range(row.size):
            row[i] &= other[i]
    return list_set(mask.reshape(-1), mask.shape[0], mask.shape[1], found)
