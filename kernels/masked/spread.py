"""How a mask passes through a window, compiled: rows first, then columns, then the list of set positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.masked.arrays import Integer, Numbers
from kernels.masked.gather import Positions, list_set

Bytes = NDArray[np.uint8]


@compiled
def _along_row(row: Bytes, kernel: Integer, stride: Integer, pad: Integer, gap: Integer, out: Bytes) -> None:
    for z in range(out.size):
        out[z] = 0
    for tap in range(kernel):
        shift = tap * gap - pad
        first = max(0, (stride - 1 - shift) // stride)
        last = min(out.size, (row.size - 1 - shift) // stride + 1)
        if stride == 1:
            for z in range(first, last):
                out[z] |= row[z + shift]
        else:
            for z in range(first, last):
                out[z] |= row[z * stride + shift]


@compiled
def spread(mask: Bytes, geometry: Numbers, rows: Bytes, out: Bytes) -> None:
    """Set ``out`` (h, w) where the window has a set position of ``mask`` (H, W); ``rows``: room (H, w)."""
    for y in range(mask.shape[0]):
        _along_row(mask[y], geometry[1], geometry[3], geometry[5], geometry[7], rows[y])
    for y in range(out.shape[0]):
        for z in range(out.shape[1]):
            out[y, z] = 0
        for tap in range(geometry[0]):
            row = y * geometry[2] - geometry[4] + tap * geometry[6]
            if 0 <= row < mask.shape[0]:
                for z in range(out.shape[1]):
                    out[y, z] |= rows[row, z]


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
        for z in range(wanted.shape[1]):
            mask[y, z] &= wanted[y, z]
    return list_set(mask.reshape(-1), mask.shape[0], mask.shape[1], found)
