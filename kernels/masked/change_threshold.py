"""Change threshold: which computed positions differ enough from a stream's values to be passed on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.elementwise import address
from evosplit.kernels.masked.mask_dilation import clear
from evosplit.kernels.masked.row_kernels import copy_row, squared_gap
from evosplit.kernels.masked.set_positions import Positions

Bytes = NDArray[np.uint8]
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
    held: Floats, saved: Rows, positions: Positions, limit: float, mask: Bytes, changed: Positions
) -> int:
    """Keep new values only where their squared distance from the saved ones is above ``limit``, or a NaN.

    ``held``: float32 (height, width, channels) with new values at ``positions``, ``saved`` what was there
    before. Where they are near, the saved ones come back: later layers have seen those, so that what is left
    out never adds up to more than the limit. The other positions are set in ``mask`` (cleared first) and
    listed in ``changed``; returns how many.
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
            changed[count] = positions[i]
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
