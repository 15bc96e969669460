"""Which freshly computed positions differ enough from what a stream holds to be taken over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.masked.arrays import Floats
from kernels.masked.elementwise import address
from kernels.masked.gather import Positions
from kernels.masked.rows import copy_row, squared_gap
from kernels.masked.spread import clear, join

Bytes = NDArray[np.uint8]
Bits = NDArray[np.int32]
Rows = NDArray[np.float32]
"""Flat: one position's channels after the other's."""


@compiled
def save_rows(held: Floats, positions: Positions, saved: Rows) -> None:
    """Copy the channels at ``positions`` of ``held`` (height, width, channels), one after the other."""
    place, channels = np.int64(saved.ctypes.data), held.shape[2]
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        copy_row(place, address(held, row, column), channels)
        place += 4 * channels


@compiled
def settle(
    held: Floats, saved: Rows, positions: Positions, limit: float, mask: Bytes, found: Positions
) -> int:
    """Keep new values only where their squared distance from the saved ones is above ``limit``, or a NaN.

    ``held``: float32 (height, width, channels) with new values at ``positions``, ``saved`` what was there
    before. Where they are near, the saved ones come back: later layers have seen those, so that what is left
    out never adds up to more than the limit. The other positions are set in ``mask`` (cleared first) and
    listed in ``found``; returns how many.
    """
    count, least, channels = 0, np.float32(limit), held.shape[2]
    place = np.int64(saved.ctypes.data)
    for y in range(mask.shape[0]):
        clear(mask[y])
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        here = address(held, row, column)
        if squared_gap(here, place, channels) <= least:
            copy_row(here, place, channels)
        else:
            mask[row, column] = 1
            found[count] = positions[i]
            count += 1
        place += 4 * channels
    return count


@compiled
def mean_square(x: Floats) -> float:
    """The mean of the squares of ``x`` (height, width, channels)."""
    zeros = np.zeros(x.shape[2], np.float32)
    total = 0.0
    for y in range(x.shape[0]):
        for z in range(x.shape[1]):
            total += squared_gap(address(x, y, z), np.int64(zeros.ctypes.data), x.shape[2])
    return total / max(1, x.size)


@compiled
def update_changed(
    current: Floats, current_bits: Bits, used: Floats, used_bits: Bits, threshold: np.float32,
    block: int, mask: Bytes,
) -> int:  # fmt: skip
    """Mark where ``current`` differs from ``used`` (channels, height, width) by more than ``threshold``.

    The ``bits`` are the same arrays seen as int32: at threshold 0 they decide. A NaN is a change. Where one
    position of a ``block`` x ``block`` square changed, all did. Values of marked positions become the used
    ones. Returns the number of positions in ``mask`` (height, width), which is overwritten.
    """
    height, count = mask.shape[0], 0
    for top in range(0, height, block):
        bottom, found = min(height, top + block), np.uint32(0)
        for y in range(top, bottom):
            _mark_row(current, current_bits, used, used_bits, y, threshold, mask[y])
            found = np.uint32(found + _count(mask[y]))
        if found:
            if block > 1:
                _fill_blocks(mask[top:bottom], block)
            for y in range(top, bottom):
                count += int(_count(mask[y]))
                for channel in range(current.shape[0]):
                    _take(current[channel, y], mask[y], used[channel, y])
    return count


@compiled
def _mark_row(
    current: Floats, current_bits: Bits, used: Floats, used_bits: Bits, y: int, threshold: np.float32,
    row: Bytes,
) -> None:  # fmt: skip
    clear(row)
    for channel in range(current.shape[0]):
        if threshold == 0:
            now, before = current_bits[channel, y], used_bits[channel, y]
            for x in range(row.size):
                row[x] |= np.uint8(now[x] != before[x])
        else:
            new, old = current[channel, y], used[channel, y]
            for x in range(row.size):
                gap = np.float32(abs(new[x] - old[x]))
                row[x] |= np.uint8(not gap <= threshold)


@compiled
def _count(row: Bytes) -> np.uint32:
    count = np.uint32(0)
    for x in range(row.size):
        count = np.uint32(count + np.uint32(row[x]))
    return count


@compiled
def _take(source: Floats, row: Bytes, out: Floats) -> None:
    """Both are read always, so that the loop has no branch."""
    for x in range(row.size):
        new, old = source[x], out[x]
        out[x] = new if row[x] != 0 else old


@compiled
def _fill_blocks(band: Bytes, block: int) -> None:
    """A set position sets its whole square."""
    first = band[0]
    for y in range(1, band.shape[0]):
        join(first, band[y], 1)
    for left in range(0, first.size, block):
        square = first[left : left + block]
        found = np.uint8(0)
        for x in range(square.size):
            found |= square[x]
        for x in range(square.size):
            square[x] = found
    for y in range(1, band.shape[0]):
        join(band[y], first, 1)
