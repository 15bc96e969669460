"""Coder loops of changes: plane by plane, the bands' rows in step, each code against the base's."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.change_contexts import (
    MOST,
    SCALES,
    begin_plane,
    end_plane,
    scale_context,
    start_memory,
)
from evosplit.kernels.entropy_coding.model import (
    COUNTED,
    FIRST_REFRESH,
    FREQUENCY_MASK,
    SCALE_BITS,
    START_SHIFT,
    Counts,
    refresh,
)
from evosplit.kernels.entropy_coding.rans import LEAST_STATE, Scalar, take_word
from evosplit.kernels.entropy_coding.tokens import DIRECT, ROW, TOKENS
from evosplit.kernels.jit import compiled

Codes = NDArray[np.uint8]
_MASK: Final = (1 << SCALE_BITS) - 1


@compiled
def largest_number(base: Codes, codes: Codes, number_of: Codes) -> int:
    """The largest folded number of all changes."""
    largest = np.uint8(0)
    for index in range(codes.size):
        number = number_of[np.int64(base[index]) * ROW + codes[index]]
        if number > largest:
            largest = number
    return int(largest)


@compiled
def choose_change_cells(
    base: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    lanes: int,
    tokens: int,
    number_of: Codes,
    token_of: Codes,
    counts: Counts,
    entries: NDArray[np.uint32],
    numbers: Codes,
) -> None:
    """The forward pass over (planes, rows, cols): cells and folded numbers, one lane's after the other's.

    ``number_of`` is as in `tokens.Numbers`, ``token_of`` by folded number; ``counts`` go on from the assumed
    ones. When they are looked at to make frequencies anew is part of the format.
    """
    planes, rows, cols = base.shape
    band = rows // lanes
    cells, built = np.zeros(counts.size, np.uint32), np.zeros(SCALES, np.int64)
    no_slots = np.empty(0, np.uint8)
    refresh(counts, built, tokens, cells, no_slots)
    memory, around = np.empty((2, rows, cols), np.int32), np.empty((rows, cols), np.int16)
    texture, changes = np.zeros((rows + 2, cols + 2), np.int32), np.zeros((rows + 2, cols + 2), np.int32)
    start_memory(memory)
    coded, due = 0, FIRST_REFRESH
    for plane in range(planes):
        begin_plane(base[plane], memory, texture, around)
        for row in range(rows):
            for col in range(cols):
                away = abs(np.int32(codes[plane, row, col]) - np.int32(base[plane, row, col]))
                changes[row + 1, col + 1] = away if away < MOST else MOST
        for step in range(band):
            for lane in range(lanes):
                row = lane * band + step
                here, above = changes[row + 1], changes[row if step else 0]
                first = ((lane * planes + plane) * band + step) * cols
                for col in range(cols):
                    near = 2 * (here[col] + above[col + 1]) + above[col] + above[col + 2]
                    context = scale_context(around[row, col], near)
                    number = number_of[np.int64(base[plane, row, col]) * ROW + codes[plane, row, col]]
                    cell = np.uintp(context * TOKENS + np.int64(token_of[number]))
                    entries[first + col] = cells[cell]
                    numbers[first + col] = number
                    counts[cell] += COUNTED
            coded += lanes * cols
            if coded >= due:
                refresh(counts, built, tokens, cells, no_slots)
                due = 2 * coded
        end_plane(changes, texture, memory)


@compiled
def decode_changes_of(
    words: NDArray[np.uint16],
    states: NDArray[np.uint32],
    base: NDArray[np.uint8],
    tokens: int,
    code_of: Codes,
    first_of: NDArray[np.int16],
    extra_bits: NDArray[np.int16],
    counts: Counts,
    slots: Codes,
    codes: Codes,
) -> bool:
    """Fill ``codes``, flat, from ``base``, (planes, rows, cols); whether states and words came out even.

    ``code_of`` is as in `tokens.Numbers`; ``counts`` go on from the assumed ones; ``slots``,
    (SCALES * 4096,), are written over.
    """
    planes, rows, cols = base.shape
    lanes = states.size
    band = rows // lanes
    cells, built = np.zeros(counts.size, np.uint32), np.zeros(SCALES, np.int64)
    refresh(counts, built, tokens, cells, slots)
    memory, around = np.empty((2, rows, cols), np.int32), np.empty((rows, cols), np.int16)
    texture, changes = np.zeros((rows + 2, cols + 2), np.int32), np.zeros((rows + 2, cols + 2), np.int32)
    start_memory(memory)
    coded, due = 0, FIRST_REFRESH
    place: Scalar = np.int64(0)
    flat, around_flat, changes_flat = base.reshape(-1), around.reshape(-1), changes.reshape(-1)
    for plane in range(planes):
        begin_plane(base[plane], memory, texture, around)
        for step in range(band):
            place = _rows_in_step(words, place, states, flat, around_flat, plane * rows * cols, cols, step,
                                  band, code_of, first_of, extra_bits, cells, slots, counts, changes_flat,
                                  codes)  # fmt: skip
            coded += lanes * cols
            if coded >= due:
                refresh(counts, built, tokens, cells, slots)
                due = 2 * coded
        end_plane(changes, texture, memory)
    even = place == words.size - 1
    for lane in range(lanes):
        even &= states[lane] == LEAST_STATE
    return bool(even)


@compiled
def _rows_in_step(
    words: NDArray[np.uint16],
    place: Scalar,
    states: NDArray[np.uint32],
    base: Codes,
    around: NDArray[np.int16],
    offset: int,
    cols: int,
    step: int,
    band: int,
    code_of: Codes,
    first_of: NDArray[np.int16],
    extra_bits: NDArray[np.int16],
    cells: NDArray[np.uint32],
    slots: Codes,
    counts: Counts,
    changes: NDArray[np.int32],
    codes: Codes,
) -> Scalar:
    """One row of each band, column by column, the lanes in turn; the place of the next word.

    All arrays are flat: indices are worked out by hand, and unsigned, which spares a check for each.
    """
    stride = cols + 2
    for col in range(cols):
        for lane in range(states.size):
            row = lane * band + step
            index = row * cols + col
            here, above = (row + 1) * stride + col, (row if step else 0) * stride + col
            near = 2 * (changes[np.uintp(here)] + changes[np.uintp(above + 1)])
            near += changes[np.uintp(above)] + changes[np.uintp(above + 2)]
            context = scale_context(around[np.uintp(index)], near)
            state: Scalar = np.int64(states[np.uintp(lane)])
            slot = state & _MASK
            number: Scalar = np.int64(slots[np.uintp((context << SCALE_BITS) + slot)])
            cell = np.uintp(context * TOKENS + number)
            entry = np.int64(cells[cell])
            state = (entry & FREQUENCY_MASK) * (state >> SCALE_BITS) + slot - (entry >> START_SHIFT)
            counts[cell] += COUNTED
            state, place = take_word(state, words, place)
            if number >= DIRECT:
                width = SCALE_BITS - np.int64(extra_bits[np.uintp(number)])
                slot = state & _MASK
                number = np.int64(first_of[np.uintp(number)]) + (slot >> width)
                state = ((state >> SCALE_BITS) << width) + (slot & ((1 << width) - 1))
                state, place = take_word(state, words, place)
            states[np.uintp(lane)] = state
            before = np.int64(base[np.uintp(offset + index)])
            code = np.int64(code_of[np.uintp(before * ROW + number)])
            codes[np.uintp(offset + index)] = code
            away: Scalar = abs(code - before)
            changes[np.uintp(here + 1)] = away if away < MOST else MOST
    return place
