"""Compiled loop of masked depthwise convolution: one input channel per output channel."""

from __future__ import annotations

import numpy as np

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.activation import PLAIN, finish_row
from evosplit.kernels.masked.array_checks import Floats, Integer, Numbers
from evosplit.kernels.masked.depthwise_tile import PLACES, WIDEST, depthwise_tile
from evosplit.kernels.masked.position_addresses import (
    all_set,
    batch_size,
    fill_table,
    locate,
    share,
    tap_shifts,
)
from evosplit.kernels.masked.set_positions import Positions
from evosplit.kernels.masked.spin_wait import ALONE, DONE, NEXT, PARTS, attend, begin, increment
from evosplit.kernels.masked.vectors import LANES

Float = np.float32


@compiled
def _run_channels(
    rows: Integer, step: int, shifts: Integer, taps: int, weights: Integer, weight_step: int, bias: Integer,
    outs: Integer, adds: Integer, channels: int, low: Float, high: Float,
) -> None:  # fmt: skip
    """One tile's positions, all channels, in pieces as wide as fit."""
    width, c = WIDEST, 0
    while c < channels:
        while width > channels - c and width > LANES:
            width //= 2
        lanes, offset = min(width, channels - c), 4 * c
        depthwise_tile(rows, step, shifts, offset, taps, weights + offset, weight_step, bias + offset, outs,
                       adds, offset, lanes, low, high)  # fmt: skip
        c += lanes


@compiled
def _part(
    x: Floats, out: Floats, add: Floats, has_add: bool, add_last: bool, positions: Positions,
    geometry: Numbers, weights: Floats, bias: Floats, low: float, high: float, curve: int, slope: float,
    begin: int, end: int,
) -> None:  # fmt: skip
    """One share: ``positions[begin:end]``."""
    taps, count, channels = weights.shape[0], end - begin, x.shape[2]
    if count == 0:
        return
    limits = np.float32(low), np.float32(high)
    size = batch_size(taps, PLACES, count)
    shifts, still, zeros = np.empty(taps, np.int64), np.zeros(taps, np.int64), np.zeros(channels, np.float32)
    tap_shifts(x, geometry, shifts)
    bases, outs, adds = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    inside, table = np.empty(size, np.bool_), np.empty(PLACES * taps, np.int64)
    for first in range(begin, end, size):
        batch = min(size, end - first)
        locate(x, out, add, positions, first, batch, size, geometry, bases, outs, adds, inside)
        for start in range(0, batch, PLACES):
            rows, step, moves = np.int64(bases.ctypes.data) + 8 * start, 0, np.int64(shifts.ctypes.data)
            if not all_set(inside, start, start + PLACES):
                nothing = np.int64(zeros.ctypes.data)
                fill_table(x, positions, first + start, batch - start, 0, PLACES, geometry, nothing, table)
                rows, step, moves = np.int64(table.ctypes.data), 8 * PLACES, np.int64(still.ctypes.data)
            others = np.int64(adds.ctypes.data) + 8 * start if has_add and not add_last else 0
            _run_channels(rows, step, moves, taps, np.int64(weights.ctypes.data), 4 * weights.shape[1],
                          np.int64(bias.ctypes.data), np.int64(outs.ctypes.data) + 8 * start, others,
                          channels, limits[0], limits[1])  # fmt: skip
        if curve != PLAIN or (has_add and add_last):
            for i in range(batch):
                other = adds[i] if has_add and add_last else 0
                finish_row(outs[i], other, channels, limits[0], limits[1], curve, np.float32(slope))


@compiled
def convolve_depthwise(
    job: Numbers, bell: Numbers, role: int, x: Floats, out: Floats, add: Floats, has_add: bool,
    add_last: bool, positions: Positions, geometry: Numbers, weights: Floats, bias: Floats, low: float,
    high: float, curve: int, slope: float,
) -> None:  # fmt: skip
    """Convolve at ``positions``; ``weights`` (taps, channels filled up), else as ``convolve``."""
    rung, count = begin(bell, role), positions.size
    parts, part = 1, 0
    if role != ALONE:
        parts, part = job[PARTS], increment(job.ctypes.data + NEXT)
    while part < parts:
        start, stop = share(count, part, parts, PLACES)
        _part(x, out, add, has_add, add_last, positions, geometry, weights, bias, low, high, curve, slope,
              start, stop)  # fmt: skip
        part = parts
        if role != ALONE:
            increment(job.ctypes.data + DONE)
            part = increment(job.ctypes.data + NEXT)
    attend(job, bell, role, rung)
