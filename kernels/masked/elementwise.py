"""Masked operations on single positions: add, copy (concat), upsample, scale and shift, activate.

All arrays are float32 (height, width, channels), channels side by side; ``positions`` are those of ``out``,
and nothing else of ``out`` is touched. ``out`` may be an input.
"""

from __future__ import annotations

import numpy as np

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.activation import NONE, Activation, finish_row
from evosplit.kernels.masked.array_checks import Floats, Integer, check_array
from evosplit.kernels.masked.row_kernels import add_rows, copy_row, fill_row, scale_row
from evosplit.kernels.masked.set_positions import Positions
from evosplit.kernels.masked.window import Pair
from evosplit.shared.errors import InputError


@compiled
def address(array: Floats, row: Integer, column: Integer) -> Integer:
    """Where in memory a position's channels begin."""
    return np.int64(array.ctypes.data) + row * array.strides[0] + column * array.strides[1]


@compiled
def _finish(place: Integer, channels: int, low: float, high: float, curve: int, slope: float) -> None:
    finish_row(place, 0, channels, np.float32(low), np.float32(high), curve, np.float32(slope))


@compiled
def _add(
    a: Floats, b: Floats, out: Floats, positions: Positions, low: float, high: float, curve: int, slope: float
) -> None:  # fmt: skip
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        place = address(out, row, column)
        add_rows(place, address(a, row, column), address(b, row, column), out.shape[2])
        _finish(place, out.shape[2], low, high, curve, slope)


@compiled
def _copy(
    x: Floats, out: Floats, rows: int, columns: int, positions: Positions, low: float, high: float,
    curve: int, slope: float, bend: bool,
) -> None:  # fmt: skip
    """Position (y, x) from (y // rows, x // columns)."""
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        place = address(out, row, column)
        copy_row(place, address(x, row // rows, column // columns), out.shape[2])
        if bend:
            _finish(place, out.shape[2], low, high, curve, slope)


@compiled
def _scale(
    x: Floats, scale: Floats, shift: Floats, out: Floats, positions: Positions, low: float, high: float,
    curve: int, slope: float,
) -> None:  # fmt: skip
    factors, terms = np.int64(scale.ctypes.data), np.int64(shift.ctypes.data)
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        place = address(out, row, column)
        scale_row(place, address(x, row, column), factors, terms, out.shape[2])
        _finish(place, out.shape[2], low, high, curve, slope)


@compiled
def _fill(out: Floats, positions: Positions, value: float) -> None:
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        fill_row(address(out, row, column), np.float32(value), out.shape[2])


def fill(out: Floats, positions: Positions, value: float) -> None:
    """``value`` in all channels."""
    check_array("output", out, out.shape)
    _fill(out, positions, value)


def add(a: Floats, b: Floats, positions: Positions, out: Floats, activation: Activation = NONE) -> None:
    """``activation(a + b)``."""
    for name, array in (("first", a), ("second", b), ("output", out)):
        check_array(name, array, a.shape)
    _add(a, b, out, positions, *activation.numbers)


def activate(x: Floats, positions: Positions, out: Floats, activation: Activation) -> None:
    """``activation(x)``."""
    check_array("input", x, x.shape)
    check_array("output", out, x.shape)
    _copy(x, out, 1, 1, positions, *activation.numbers, True)


def copy(x: Floats, positions: Positions, out: Floats) -> None:
    """``x``; a concatenation copies each input to its slice of the output's channels."""
    check_array("input", x, x.shape)
    check_array("output", out, x.shape)
    _copy(x, out, 1, 1, positions, *NONE.numbers, False)


def upsample(x: Floats, factor: Pair, positions: Positions, out: Floats) -> None:
    """Nearest-neighbour upsampling by whole factors (rows, columns)."""
    check_array("input", x, x.shape)
    check_array("output", out, (x.shape[0] * factor[0], x.shape[1] * factor[1], x.shape[2]))
    _copy(x, out, factor[0], factor[1], positions, *NONE.numbers, False)


def scale_shift(
    x: Floats, scale: Floats, shift: Floats, positions: Positions, out: Floats, activation: Activation = NONE
) -> None:
    """``activation(x * scale + shift)``, a batch norm; ``scale`` and ``shift`` are float32 (channels)."""
    check_array("input", x, x.shape)
    check_array("output", out, x.shape)
    for array in (scale, shift):
        if array.shape != x.shape[2:] or array.dtype != np.float32 or not array.flags.c_contiguous:
            raise InputError(f"{array.dtype} {array.shape} to scale or shift an input of {x.shape}")
    _scale(x, scale, shift, out, positions, *activation.numbers)
