"""Layout conversion between (channels, height, width) and (height, width, channels)."""

from __future__ import annotations

import numpy as np

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Floats, Numbers
from evosplit.kernels.masked.elementwise import address
from evosplit.kernels.masked.input_changes import Planes
from evosplit.kernels.masked.row_kernels import copy_float
from evosplit.kernels.masked.set_positions import Positions
from evosplit.shared.errors import InputError

_TYPES = (np.dtype(np.float32), np.dtype(np.uint8))
_SOME = 64
"""Positions taken at once: their lines stay in the nearest cache while all channels are visited."""


@compiled
def _to_last(x: Planes, positions: Positions, out: Floats) -> None:
    for first in range(0, positions.size, _SOME):
        last = min(first + _SOME, positions.size)
        for channel in range(x.shape[0]):
            for i in range(first, last):
                row, column = positions[i] >> 16, positions[i] & 0xFFFF
                out[row, column, channel] = x[channel, row, column]


@compiled
def _to_first(x: Floats, positions: Positions, out: Floats) -> None:
    """Addresses are found once for all channels."""
    here, there = np.empty(_SOME, np.int64), np.empty(_SOME, np.int64)
    for first in range(0, positions.size, _SOME):
        count = min(_SOME, positions.size - first)
        for i in range(count):
            row, column = np.int64(positions[first + i]) >> 16, np.int64(positions[first + i]) & 0xFFFF
            here[i] = address(x, row, column)
            there[i] = np.int64(out.ctypes.data) + row * out.strides[1] + column * out.strides[2]
        for channel in range(x.shape[2]):
            shift, plane = channel * x.strides[2], channel * out.strides[0]
            for i in range(count):
                copy_float(there[i] + plane, here[i] + shift)


@compiled
def _from_planes(x: Planes, sources: Numbers, step: int, positions: Positions, out: Floats) -> None:
    _, height, width = x.shape
    flat, shifts = x.reshape(-1), np.empty(sources.shape[0], np.int64)
    for channel in range(shifts.size):
        shifts[channel] = (sources[channel, 0] * height + sources[channel, 1]) * width + sources[channel, 2]
    for i in range(positions.size):
        row, column = np.int64(positions[i]) >> 16, np.int64(positions[i]) & 0xFFFF
        there, here = flat[(row * width + column) * step :], out[row, column]
        for channel in range(shifts.size):
            here[channel] = there[shifts[channel]]


def space_to_depth(x: Planes, sources: Numbers, step: int, positions: Positions, out: Floats) -> None:
    """Position (y, z) of ``out`` (H, W, C) at ``positions``, from contiguous ``x`` (channels, height, width).

    ``x`` is float32 or bytes.

    ``sources`` int64 (C, 3): each output channel's input channel, row and column within a square of ``step``.
    """
    _from_planes(x, sources, step, positions, out)


def to_channels_last(x: Planes, out: Floats, positions: Positions | None = None) -> None:
    """Copy ``x`` (C, H, W), float32 or bytes, to ``out`` (H, W, C); only at ``positions`` where given."""
    _check(x, out.transpose(2, 0, 1))
    if positions is None:
        np.copyto(out, x.transpose(1, 2, 0))
    else:
        _to_last(x, positions, out)


def to_channels_first(x: Floats, out: Floats, positions: Positions | None = None) -> None:
    """Copy float32 ``x`` (H, W, C) to ``out`` (C, H, W), at ``positions`` only where they are given."""
    _check(x.transpose(2, 0, 1), out)
    if positions is None:
        np.copyto(out, x.transpose(2, 0, 1))
    else:
        _to_first(x, positions, out)


def _check(first: Planes, second: Floats) -> None:
    if first.shape != second.shape or first.dtype not in _TYPES or second.dtype != np.float32:
        raise InputError(f"no copy from {first.dtype} {first.shape} to {second.dtype} {second.shape}")
