"""Masked max and average pooling, channels last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Floats, Numbers, check_array
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.row_kernels import add_rows, fill_row, greater_rows, multiply_row
from evosplit.kernels.masked.set_positions import Positions
from evosplit.kernels.masked.window import Window


@compiled
def _pool(x: Floats, out: Floats, positions: Positions, geometry: Numbers, is_max: bool, whole: bool) -> None:
    """``whole``: averages divide by the taps of the whole window, inside the input or not."""
    channels, taps = x.shape[2], geometry[0] * geometry[1]
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        place = np.int64(out.ctypes.data) + row * out.strides[0] + column * out.strides[1]
        fill_row(place, np.float32(-np.inf if is_max else 0.0), channels)
        inside = 0
        for tap in range(taps):
            y = row * geometry[2] - geometry[4] + tap // geometry[1] * geometry[6]
            z = column * geometry[3] - geometry[5] + tap % geometry[1] * geometry[7]
            if y >= 0 and z >= 0 and y < x.shape[0] and z < x.shape[1]:
                there = np.int64(x.ctypes.data) + y * x.strides[0] + z * x.strides[1]
                inside += 1
                if is_max:
                    greater_rows(place, place, there, channels)
                else:
                    add_rows(place, place, there, channels)
        if not is_max:
            multiply_row(place, np.float32(1.0 / (taps if whole else max(1, inside))), channels)


def max_pool(x: Floats, window: Window, positions: Positions, out: Floats) -> None:
    """The greatest value of each window, NaN where one is, at ``positions`` of ``out``.

    ``x`` and ``out``: float32 (height, width, channels).
    """
    _check(x, window, out)
    _pool(x, out, positions, geometry_of(window), True, False)


def average_pool(
    x: Floats, window: Window, positions: Positions, out: Floats, include_padding: bool = False
) -> None:
    """The mean of each window, counting positions outside the input or not, at ``positions`` of ``out``."""
    _check(x, window, out)
    _pool(x, out, positions, geometry_of(window), False, include_padding)


def _check(x: NDArray[np.float32], window: Window, out: NDArray[np.float32]) -> None:
    check_array("input", x, x.shape)
    check_array("output", out, (*window.out_size((x.shape[0], x.shape[1])), x.shape[2]))
