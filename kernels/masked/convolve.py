"""The compiled loops of masked convolution: batches of positions, blocks of channels, tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.masked.activation import PLAIN, finish_row
from kernels.masked.locate import batch_size, fill_table, locate, tap_shifts
from kernels.masked.tile import CHANNELS, PLACES, THIRD, TWO_THIRDS, VECTORS, convolve_tile
from kernels.masked.vectors import LANES

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Float = np.float32


@compiled
def _run_tile(  # noqa: PLR0913, PLR0917
    places: int, rows: int, step: int, shifts: int, x_shift: int, taps: int, depth: int, weights: int,
    bias: int, outs: int, adds: int, out_shift: int, lanes: int, low: Float, high: Float,
) -> None:  # fmt: skip
    """Choose the tile's shape; see ``convolve_tile``."""
    if lanes <= LANES:
        if places == PLACES:
            convolve_tile(PLACES, 1, rows, step, shifts, x_shift, taps, depth, weights, bias, outs, adds,
                          out_shift, lanes, low, high)  # fmt: skip
        elif places == TWO_THIRDS:
            convolve_tile(TWO_THIRDS, 1, rows, step, shifts, x_shift, taps, depth, weights, bias, outs, adds,
                          out_shift, lanes, low, high)  # fmt: skip
        else:
            convolve_tile(THIRD, 1, rows, step, shifts, x_shift, taps, depth, weights, bias, outs, adds,
                          out_shift, lanes, low, high)  # fmt: skip
    elif places == PLACES:
        convolve_tile(PLACES, VECTORS, rows, step, shifts, x_shift, taps, depth, weights, bias, outs, adds,
                      out_shift, lanes, low, high)  # fmt: skip
    elif places == TWO_THIRDS:
        convolve_tile(TWO_THIRDS, VECTORS, rows, step, shifts, x_shift, taps, depth, weights, bias, outs,
                      adds, out_shift, lanes, low, high)  # fmt: skip
    else:
        convolve_tile(THIRD, VECTORS, rows, step, shifts, x_shift, taps, depth, weights, bias, outs, adds,
                      out_shift, lanes, low, high)  # fmt: skip


@compiled
def _places(left: int) -> int:
    """Positions of the next tile when ``left`` remain."""
    if left > TWO_THIRDS:
        return PLACES
    return TWO_THIRDS if left > THIRD else THIRD


@compiled
def convolve(  # noqa: PLR0913, PLR0917
    x: Floats, out: Floats, add: Floats, has_add: bool, add_last: bool, positions: Any, geometry: Numbers,
    weights: Floats, bias: Floats, depth: int, channels: int, first_block: int, last_block: int,
    low: Float, high: Float, curve: int, slope: Float,
) -> None:  # fmt: skip
    """Convolve at ``positions`` (int32) for blocks ``first_block`` .. ``last_block`` - 1 of all groups' blocks.

    ``x``, ``out``, ``add``: float32 (height, width, channels), channels next to each other. ``add`` is a residual
    of the shape of ``out``, read when ``has_add``: before the activation, or after it when ``add_last``.
    """
    taps, count = geometry[0] * geometry[1], positions.size
    if count == 0:
        return
    size = batch_size(taps, PLACES, count)
    shifts, still, zeros = np.empty(taps, np.int64), np.zeros(taps, np.int64), np.zeros(x.shape[2], np.float32)
    tap_shifts(x, geometry, shifts)
    bases, outs, adds = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    inside, table = np.empty(size, np.bool_), np.empty(size * taps, np.int64)
    by_table = np.empty(size // PLACES, np.bool_)
    blocks = (channels + CHANNELS - 1) // CHANNELS
    padded = (channels + LANES - 1) // LANES * LANES
    for first in range(0, count, size):
        found = min(size, count - first)
        locate(x, out, add, positions, first, found, size, geometry, bases, outs, adds, inside)
        for start in range(0, found, PLACES):
            places = _places(found - start)
            all_inside = inside[start : start + places].all()
            by_table[start // PLACES] = not all_inside
            if not all_inside:
                nothing = np.int64(zeros.ctypes.data)
                fill_table(x, positions, first, found, start, places, geometry, nothing, table)
        for unit in range(first_block, last_block):
            group, block = unit // blocks, unit % blocks
            lanes = min(CHANNELS, channels - block * CHANNELS)
            before = group * padded * depth * taps + block * CHANNELS * depth * taps
            here = np.int64(weights.ctypes.data) + 4 * before
            there = np.int64(bias.ctypes.data) + 4 * (group * padded + block * CHANNELS)
            out_shift = 4 * (group * channels + block * CHANNELS)
            for start in range(0, found, PLACES):
                places = _places(found - start)
                rows, step, moves = np.int64(bases.ctypes.data) + 8 * start, 0, np.int64(shifts.ctypes.data)
                if by_table[start // PLACES]:
                    rows, step = np.int64(table.ctypes.data) + 8 * start * taps, 8 * places
                    moves = np.int64(still.ctypes.data)
                others = np.int64(adds.ctypes.data) + 8 * start if has_add and not add_last else 0
                _run_tile(places, rows, step, moves, 4 * group * depth, taps, depth, here, there,
                          np.int64(outs.ctypes.data) + 8 * start, others, out_shift, lanes, low, high)  # fmt: skip
        if curve != PLAIN or (has_add and add_last):
            begin = first_block // blocks * channels + first_block % blocks * CHANNELS
            end = last_block // blocks * channels + last_block % blocks * CHANNELS
            for i in range(found):
                other = adds[i] + 4 * begin if has_add and add_last else 0
                finish_row(outs[i] + 4 * begin, other, end - begin, curve, slope)
