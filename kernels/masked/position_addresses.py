"""Addresses of the positions that one batch computes, and input tables for those near a border.

A position whose window lies inside the input needs one address: its taps lie at fixed shifts. A tile with a
position near a border gets a table, tap by tap, in which taps outside the input point at a row of zeros. So
padding is never copied.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Flags, Floats, Integer, Numbers
from evosplit.kernels.masked.set_positions import Positions
from evosplit.kernels.masked.window import Window

BATCH_ENTRIES: Final = 2304
"""Entries of the tables of one batch: small enough for the nearest caches."""


def geometry_of(window: Window) -> Numbers:
    """Window as int64: kernel, stride, top and left pad, dilation, each (rows, columns)."""
    return np.array((*window.kernel, *window.stride, *window.pads[:2], *window.dilation), np.int64)


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
def share(count: int, part: int, parts: int, step: int) -> tuple[int, int]:
    """The positions (start, stop) of share ``part``; shares begin at multiples of ``step``."""
    units = (count + step - 1) // step
    return units * part // parts * step, min(count, units * (part + 1) // parts * step)


@compiled
def locate(
    x: Floats, out: Floats, add: Floats, positions: Positions, first: int, count: int, room: int,
    geometry: Numbers, bases: Numbers, outs: Numbers, adds: Numbers, inside: Flags,
) -> None:  # fmt: skip
    """Addresses of ``count`` positions from ``first`` on; the last fills up ``room`` places.

    Offsets are 32-bit, so that the loop vectorises: arrays are smaller than 2 GiB.
    """
    x_data, out_data, add_data = np.int64(x.ctypes.data), np.int64(out.ctypes.data), np.int64(add.ctypes.data)
    x_row, x_column = np.int32(x.strides[0]), np.int32(x.strides[1])
    out_row, out_column = np.int32(out.strides[0]), np.int32(out.strides[1])
    add_row, add_column = np.int32(add.strides[0]), np.int32(add.strides[1])
    step_y, step_x = np.int32(geometry[2]), np.int32(geometry[3])
    before_y, before_x = np.int32(geometry[4]), np.int32(geometry[5])
    last_y = np.int32(x.shape[0] - 1 - (geometry[0] - 1) * geometry[6])
    last_x = np.int32(x.shape[1] - 1 - (geometry[1] - 1) * geometry[7])
    for i in range(count):
        place = np.int32(positions[first + i])
        row, column = np.int32(place >> np.int32(16)), np.int32(place & np.int32(0xFFFF))
        top = np.int32(np.int32(row * step_y) - before_y)
        left = np.int32(np.int32(column * step_x) - before_x)
        bases[i] = x_data + np.int64(np.int32(np.int32(top * x_row) + np.int32(left * x_column)))
        outs[i] = out_data + np.int64(np.int32(np.int32(row * out_row) + np.int32(column * out_column)))
        adds[i] = add_data + np.int64(np.int32(np.int32(row * add_row) + np.int32(column * add_column)))
        inside[i] = (top >= 0) & (left >= 0) & (top <= last_y) & (left <= last_x)
    for i in range(count, room):
        bases[i], outs[i], adds[i], inside[i] = (
            bases[count - 1],
            outs[count - 1],
            adds[count - 1],
            inside[count - 1],
        )


@compiled
def all_set(flags: Flags, start: int, stop: int) -> bool:
    """Whether all of ``flags[start:stop]`` are set."""
    is_set = True
    for i in range(start, stop):
        is_set &= flags[i]
    return is_set


@compiled
def fill_table(
    x: Floats, positions: Positions, first: int, count: int, start: int, places: int, geometry: Numbers,
    nothing: Integer, table: Numbers,
) -> None:  # fmt: skip
    """Addresses by tap and position of the tile at ``start``; ``nothing`` is the address of the zeros."""
    data, taps = np.int64(x.ctypes.data), geometry[0] * geometry[1]
    for p in range(places):
        place = np.int64(positions[first + min(start + p, count - 1)])
        top = (place >> 16) * geometry[2] - geometry[4]
        left = (place & 0xFFFF) * geometry[3] - geometry[5]
        entry = start * taps + p
        for row in range(geometry[0]):
            y = top + row * geometry[6]
            for column in range(geometry[1]):
                z = left + column * geometry[7]
                is_inside = y >= 0 and z >= 0 and y < x.shape[0] and z < x.shape[1]
                table[entry] = data + y * x.strides[0] + z * x.strides[1] if is_inside else nothing
                entry += places
