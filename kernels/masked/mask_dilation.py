"""Mask dilation by a window: rows first, then columns, then the list of set positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Integer, Numbers
from evosplit.kernels.masked.byte_rows import BEYOND, join_rows, list_row
from evosplit.kernels.masked.set_positions import Positions

Bytes = NDArray[np.uint8]


@compiled
def clear(row: Bytes) -> None:
    """All 0."""
    for i in range(row.size):
        row[i] = 0


@compiled
def spread_and_list(mask: Bytes, geometry: Numbers, out: Bytes, wanted: Bytes, positions: Positions) -> int:
    """Set ``out`` (h, w) where the window has a set position of ``mask`` (H, W); list it, return how many.

    Only positions that ``wanted`` (h, w; no rows: all) has too. Both masks contiguous.
    """
    pad, width = geometry[5], mask.shape[1]
    joined = np.zeros(pad + width + geometry[3] * out.shape[1] + geometry[1] * geometry[7] + BEYOND, np.uint8)
    middle = np.int64(joined.ctypes.data) + pad
    count = 0
    for y in range(out.shape[0]):
        first, taps = _inside(mask.shape[0], y, geometry)
        here = np.int64(mask.ctypes.data) + first * width
        if not join_rows(middle, here, geometry[6] * width, taps, 1, width):
            clear(out[y])
            continue
        _thin_out(joined, geometry, out[y])
        if wanted.shape[0]:
            _limit(out[y], wanted[y])
        count = list_row(out[y], y, positions, count)
    return count


@compiled
def _inside(height: int, y: int, geometry: Numbers) -> tuple[Integer, Integer]:
    """The first row of the window that is not padding, and how many are not."""
    top, step = y * geometry[2] - geometry[4], geometry[6]
    skipped = max(0, (step - 1 - top) // step)
    last = min(geometry[0], (height - 1 - top) // step + 1)
    return top + skipped * step, max(0, last - skipped)


@compiled
def _thin_out(joined: Bytes, geometry: Numbers, row: Bytes) -> None:
    taps, stride, dilation = geometry[1], geometry[3], geometry[7]
    if stride <= 2:
        join_rows(row.ctypes.data, joined.ctypes.data, dilation, taps, stride, row.size)
    else:
        clear(row)
        for tap in range(taps):
            for x in range(row.size):
                row[x] |= joined[tap * dilation + x * stride]


@compiled
def _limit(row: Bytes, wanted: Bytes) -> None:
    for x in range(row.size):
        row[x] &= wanted[x]


@compiled
def limit_and_list(mask: Bytes, wanted: Bytes, positions: Positions) -> int:
    """Clear what ``wanted`` (without rows: all) has not; list what is set, return how many."""
    count = 0
    for y in range(mask.shape[0]):
        if wanted.shape[0]:
            _limit(mask[y], wanted[y])
        count = list_row(mask[y], y, positions, count)
    return count
