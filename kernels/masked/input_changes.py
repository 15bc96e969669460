"""Change detection on inputs against the values last used, kept as bytes where that is lossless.

A frame comes cold from the caller, and reading it and what it is compared with is most of the time: bytes
are a quarter of floats. Pictures hold whole numbers from 0 to 255; other inputs are kept as floats.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Floats, Integer
from evosplit.kernels.masked.input_change_rows import mark_row, take_row
from evosplit.kernels.masked.mask_dilation import clear

Bytes = NDArray[np.uint8]
Planes: TypeAlias = Floats | Bytes
"""(channels, height, width), contiguous."""

INEXACT = -1
"""In place of a number of positions: a new value is no byte."""


@compiled
def take_all(current: Floats, used: Planes) -> bool:
    """Write all of ``current`` (channels, height, width) to ``used``; whether every bit is still known."""
    flags, exact = np.ones(current.shape[2], np.uint8), True
    row = np.int64(flags.ctypes.data)
    for channel in range(current.shape[0]):
        for y in range(current.shape[1]):
            here, there = _at(current, channel, y), _at(used, channel, y)
            if not take_row(here, row, flags.size, there, used):
                exact = False
    return exact


@compiled
def update_changed(current: Floats, used: Planes, threshold: np.float32, block: int, mask: Bytes) -> int:
    """Mark where ``current`` differs from ``used`` (channels, height, width) by more than ``threshold``.

    At threshold 0 every other bit counts. A NaN is a change. Where one position of a ``block`` x ``block``
    square changed, all did. Values of marked positions become the used ones. Returns the number of positions
    in ``mask`` (height, width), which is overwritten; or ``INEXACT``, where ``used`` are bytes that cannot
    hold a value.
    """
    count, exact, height, width = 0, True, mask.shape[0], mask.shape[1]
    flags = np.empty(width, np.uint8)
    row = np.int64(flags.ctypes.data)
    for top in range(0, height, block):
        bottom = min(height, top + block)
        clear(flags)
        for channel in range(current.shape[0]):
            for y in range(top, bottom):
                mark_row(_at(current, channel, y), _at(used, channel, y), row, width, threshold, used)
        changed = _fill_blocks(flags, block)
        count += changed * (bottom - top)
        for y in range(top, bottom):
            _copy(flags, mask[y])
            if changed:
                for channel in range(current.shape[0]):
                    here, there = _at(current, channel, y), _at(used, channel, y)
                    if not take_row(here, row, width, there, used):
                        exact = False
    return count if exact else INEXACT


@compiled
def _at(planes: Planes, channel: int, row: int) -> Integer:
    """Where in memory a row begins."""
    return np.int64(planes.ctypes.data) + channel * planes.strides[0] + row * planes.strides[1]


@compiled
def _fill_blocks(row: Bytes, block: int) -> int:
    """A set place sets its whole block; returns how many are set."""
    count = np.uint32(0)
    for x in range(row.size):
        count = np.uint32(count + np.uint32(row[x]))
    if block == 1 or count == 0:
        return int(count)
    count = np.uint32(0)
    for left in range(0, row.size, block):
        part, any_set = row[left : left + block], np.uint8(0)
        for x in range(part.size):
            any_set |= part[x]
        for x in range(part.size):
            part[x] = any_set
        count = np.uint32(count + np.uint32(any_set) * np.uint32(part.size))
    return int(count)


@compiled
def _copy(row: Bytes, out: Bytes) -> None:
    for x in range(row.size):
        out[x] = row[x]
