"""Addresses of the positions that one batch computes, and input tables for those near a border.

A position whose window lies inside the input needs one address: its taps lie at fixed shifts. A tile with a
position near a border gets a table, tap by tap, in which taps outside the input point at a row of zeros. So
padding is never copied.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.masked.window import Window

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

GEOMETRY: Final = 9
BATCH_ENTRIES: Final = 2304
"""Entries of the tables of one batch: small enough for the nearest caches."""


def geometry_of(window: Window, out_width: int) -> Numbers:
    """Window as int64: kernel, stride, top and left pad, dilation (rows, columns each), output width."""
    pairs = (*window.kernel, *window.stride, *window.pads[:2], *window.dilation)
    return np.array((*pairs, out_width), np.int64)


@compiled
def tap_shifts(x: Floats, geometry: Numbers, shifts: Numbers) -> None:
    """Bytes from a window's first tap to each of its taps."""
    for tap in range(shifts.size):
        row, column = tap // geometry[1], tap % geometry[1]
        shifts[tap] = row * geometry[6] * x.strides[0] + column * geometry[7] * x.strides[1]


@compiled
def batch_size(taps: int, step: int, count: int) -> int:
    """Positions to take at once, a multiple of ``step``; batches are about equal."""
    most = max(1, min(20, BATCH_ENTRIES // (taps * step))) * step
    batches = (count + most - 1) // most
    each = (count + batches - 1) // batches
    return (each + step - 1) // step * step


@compiled
def locate(  # noqa: PLR0913, PLR0917
    x: Floats, out: Floats, add: Floats, positions: Any, first: int, count: int, room: int, geometry: Numbers,
    bases: Numbers, outs: Numbers, adds: Numbers, inside: Any,
) -> None:  # fmt: skip
    """Addresses of ``count`` positions from ``first`` on; the last fills up ``room`` places."""
    height, width = x.shape[0], x.shape[1]
    x_data, out_data, add_data = np.int64(x.ctypes.data), np.int64(out.ctypes.data), np.int64(add.ctypes.data)
    last_y = height - 1 - (geometry[0] - 1) * geometry[6]
    last_x = width - 1 - (geometry[1] - 1) * geometry[7]
    out_width = np.int32(geometry[8])
    for i in range(room):
        place = np.int32(positions[first + min(i, count - 1)])
        row = np.int64(np.int32(place // out_width))
        column = np.int64(place) - row * out_width
        top, left = row * geometry[2] - geometry[4], column * geometry[3] - geometry[5]
        bases[i] = x_data + top * x.strides[0] + left * x.strides[1]
        outs[i] = out_data + row * out.strides[0] + column * out.strides[1]
        adds[i] = add_data + row * add.strides[0] + column * add.strides[1]
        inside[i] = top >= 0 and left >= 0 and top <= last_y and left <= last_x


@compiled
def fill_table(  # noqa: PLR0913, PLR0917
    x: Floats, positions: Any, first: int, count: int, start: int, places: int, geometry: Numbers,
    nothing: int, table: Numbers,
) -> None:  # fmt: skip
    """Addresses by tap and position of the tile at ``start``; ``nothing`` is the address of the zeros."""
    data, out_width = np.int64(x.ctypes.data), geometry[8]
    taps = geometry[0] * geometry[1]
    for p in range(places):
        place = np.int64(positions[first + min(start + p, count - 1)])
        row, column = place // out_width, place % out_width
        for tap in range(taps):
            y = row * geometry[2] - geometry[4] + tap // geometry[1] * geometry[6]
            z = column * geometry[3] - geometry[5] + tap % geometry[1] * geometry[7]
            there = data + y * x.strides[0] + z * x.strides[1]
            is_inside = y >= 0 and z >= 0 and y < x.shape[0] and z < x.shape[1]
            table[(start * taps) + tap * places + p] = there if is_inside else nothing
