"""Compiled loops of masked convolution: batches of positions, blocks of channels, tiles."""

from __future__ import annotations

import numpy as np

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.activation import PLAIN, finish_row
from evosplit.kernels.masked.array_checks import Floats, Numbers
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
from evosplit.kernels.masked.tile import CHANNELS, PLACES, STEP, convolve_tile
from evosplit.kernels.masked.vectors import LANES


@compiled
def _places(left: int) -> int:
    """Positions of the next tile when ``left`` remain; the last two share what is left."""
    if left >= 2 * PLACES:
        return PLACES
    if left > PLACES:
        left = (left + 1) // 2
    return (left + STEP - 1) // STEP * STEP


@compiled
def _part(
    x: Floats, out: Floats, add: Floats, has_add: bool, add_last: bool, positions: Positions,
    geometry: Numbers, weights: Floats, bias: Floats, depth: int, channels: int, low: float, high: float,
    curve: int, slope: float, begin: int, end: int, first_block: int, last_block: int,
) -> None:  # fmt: skip
    """One share: ``positions[begin:end]``, blocks ``first_block`` .. ``last_block`` - 1."""
    taps, count = geometry[0] * geometry[1], end - begin
    if count == 0:
        return
    limits = np.float32(low), np.float32(high)
    size = batch_size(taps, PLACES, count)
    shifts, still, zeros = (
        np.empty(taps, np.int64),
        np.zeros(taps, np.int64),
        np.zeros(x.shape[2], np.float32),
    )
    tap_shifts(x, geometry, shifts)
    bases, outs, adds = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    inside, table = np.empty(size, np.bool_), np.empty(size * taps, np.int64)
    by_table = np.empty(size, np.bool_)
    blocks = (channels + CHANNELS - 1) // CHANNELS
    padded = (channels + LANES - 1) // LANES * LANES
    for first in range(begin, end, size):
        batch = min(size, end - first)
        locate(x, out, add, positions, first, batch, size, geometry, bases, outs, adds, inside)
        start = 0
        while start < batch:
            places = _places(batch - start)
            all_inside = all_set(inside, start, start + places)
            by_table[start] = not all_inside
            if not all_inside:
                nothing = np.int64(zeros.ctypes.data)
                fill_table(x, positions, first, batch, start, places, geometry, nothing, table)
            start += places
        for unit in range(first_block, last_block):
            group, block = unit // blocks, unit % blocks
            lanes = min(CHANNELS, channels - block * CHANNELS)
            before = group * padded * depth * taps + block * CHANNELS * depth * taps
            here = np.int64(weights.ctypes.data) + 4 * before
            there = np.int64(bias.ctypes.data) + 4 * (group * padded + block * CHANNELS)
            out_shift = 4 * (group * channels + block * CHANNELS)
            start = 0
            while start < batch:
                places = _places(batch - start)
                rows, step, moves = np.int64(bases.ctypes.data) + 8 * start, 0, np.int64(shifts.ctypes.data)
                if by_table[start]:
                    rows, step = np.int64(table.ctypes.data) + 8 * start * taps, 8 * places
                    moves = np.int64(still.ctypes.data)
                others = np.int64(adds.ctypes.data) + 8 * start if has_add and not add_last else 0
                convolve_tile(places, rows, step, moves, 4 * group * depth, taps, depth, here, there,
                          np.int64(outs.ctypes.data) + 8 * start, others, out_shift, lanes, limits[0],
                              limits[1])  # fmt: skip
                start += places
        if curve != PLAIN or (has_add and add_last):
            left = first_block // blocks * channels + first_block % blocks * CHANNELS
            right = last_block // blocks * channels + last_block % blocks * CHANNELS
            for i in range(batch):
                other = adds[i] + 4 * left if has_add and add_last else 0
                place, width = outs[i] + 4 * left, right - left
                finish_row(place, other, width, limits[0], limits[1], curve, np.float32(slope))


@compiled
def convolve(
    job: Numbers, bell: Numbers, role: int, x: Floats, out: Floats, add: Floats, has_add: bool,
    add_last: bool, positions: Positions, geometry: Numbers, weights: Floats, bias: Floats, depth: int,
    channels: int, blocks: int, by_blocks: bool, low: float, high: float, curve: int, slope: float,
) -> None:  # fmt: skip
    """Convolve at ``positions``, in shares of positions or, when ``by_blocks``, of ``blocks`` of channels.

    ``job``, ``bell``, ``role``: see ``threads``. ``x``, ``out``, ``add``: float32 (height, width, channels),
    channels side by side. ``add`` is a residual of the shape of ``out``, read when ``has_add``: before the
    activation, or after it when ``add_last``. ``blocks``: of all groups.
    """
    rung, count = begin(bell, role), positions.size
    parts, part = 1, 0
    if role != ALONE:
        parts, part = job[PARTS], increment(job.ctypes.data + NEXT)
    while part < parts:
        start, stop, first_block, last_block = 0, count, 0, blocks
        if by_blocks:
            first_block, last_block = blocks * part // parts, blocks * (part + 1) // parts
        else:
            start, stop = share(count, part, parts, PLACES)
        _part(x, out, add, has_add, add_last, positions, geometry, weights, bias, depth, channels, low, high,
              curve, slope, start, stop, first_block, last_block)  # fmt: skip
        part = parts
        if role != ALONE:
            increment(job.ctypes.data + DONE)
            part = increment(job.ctypes.data + NEXT)
    attend(job, bell, role, rung)
