"""Decoder of interleaved rANS words to codes; malformed words cannot make it run longer.

How many codes there are is known beforehand. A state that runs out of words goes on with zeros; that, like
any other lie, shows at the end, where each state has to be what the sender began with, and all words used.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.contexts import LEVEL_TABLE, OFFSET, UNREST_TABLE
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

Table = NDArray[np.int16]
_MASK: Final = (1 << SCALE_BITS) - 1


@compiled
def decode_words(
    words: NDArray[np.uint16],
    states: NDArray[np.uint32],
    planes: Scalar,
    rows: Scalar,
    cols: Scalar,
    tokens: Scalar,
    centre: Scalar,
    code_of: NDArray[np.uint8],
    near: Table,
    first_of: Table,
    extra_bits: Table,
    counts: Counts,
    contexts: Scalar,
    slots: NDArray[np.uint8],
    codes: NDArray[np.uint8],
) -> bool:
    """Fill ``codes``, (planes * rows * cols,); whether states and words came out even.

    ``code_of`` is as in `tokens.Numbers`, ``near`` by code; ``counts`` go on from the assumed ones;
    ``slots``, (contexts * 4096,), are written over. There are 1 or 4 ``states``.
    """
    lanes = states.size
    least = planes // lanes
    cells, built = np.zeros(counts.size, np.uint32), np.zeros(contexts, np.int64)
    refresh(counts, built, tokens, cells, slots)
    rows_of = np.zeros((lanes, 3, cols + 2), np.int16)
    place, coded, due = 0, 0, FIRST_REFRESH
    for row in range(least * rows if lanes > 1 else 0):
        if row % rows == 0:
            rows_of[:] = 0
        place = _four_rows(words, place, states, planes, row * cols, rows * cols, first_of, extra_bits,
                           centre, code_of, near, cells, slots, counts, rows_of, codes)  # fmt: skip
        coded += lanes * cols
        if coded >= due:
            refresh(counts, built, tokens, cells, slots)
            due = 2 * coded
    for lane in range(lanes):
        start, end = lane * planes // lanes + (least if lanes > 1 else 0), (lane + 1) * planes // lanes
        for row in range((end - start) * rows):
            if row % rows == 0:
                rows_of[:] = 0
            place = _one_row(words, place, states, lane, (start * rows + row) * cols, first_of, extra_bits,
                             centre, code_of, near, cells, slots, counts, rows_of[lane], codes)  # fmt: skip
            coded += cols
            if coded >= due:
                refresh(counts, built, tokens, cells, slots)
                due = 2 * coded
    even = place == words.size - 1
    for lane in range(lanes):
        even &= states[lane] == LEAST_STATE
    return even


@compiled
def _extended(
    token: Scalar,
    first_of: Table,
    extra_bits: Table,
    state: Scalar,
    words: NDArray[np.uint16],
    place: Scalar,
) -> tuple[Scalar, Scalar, Scalar]:
    """The folded number of a token that extra bits follow."""
    width = SCALE_BITS - np.int64(extra_bits[token])
    slot = state & _MASK
    number: Scalar = np.int64(first_of[token]) + (slot >> width)
    state = ((state >> SCALE_BITS) << width) + (slot & ((1 << width) - 1))
    state, place = take_word(state, words, place)
    return number, state, place


@compiled
def _look_up(rows: NDArray[np.int16]) -> None:
    """What the row above says, before the new one is written over it: ``rows`` are (3, cols + 2).

    Row 0 holds distances, with a border; rows 1 and 2 get the parts of prediction and unrest from above.
    """
    above, predictions, unrests = rows[0], rows[1], rows[2]
    for col in range(above.size - 2):
        up_left, up, up_right = above[col], above[col + 1], above[col + 2]
        predictions[col] = np.int16(3 * up - 2 * up_left + up_right + OFFSET)
        unrests[col] = np.int16(abs(up - up_left) + abs(up_right - up))


@compiled
def _popped(state: Scalar, slot: Scalar, cell: Scalar) -> Scalar:
    """The state without the token of the slot, not yet fed."""
    return (cell & FREQUENCY_MASK) * (state >> SCALE_BITS) + slot - (cell >> START_SHIFT)


@compiled
def _one_row(
    words: NDArray[np.uint16],
    place: Scalar,
    states: NDArray[np.uint32],
    lane: Scalar,
    index: Scalar,
    first_of: Table,
    extra_bits: Table,
    centre: Scalar,
    code_of: NDArray[np.uint8],
    near: Table,
    cells: NDArray[np.uint32],
    slots: NDArray[np.uint8],
    counts: Counts,
    rows: NDArray[np.int16],
    codes: NDArray[np.uint8],
) -> Scalar:
    """One row of one state; the place of the next word."""
    _look_up(rows)
    here, predictions, unrests = rows[0], rows[1], rows[2]
    state: Scalar = np.int64(states[lane])
    left: Scalar = np.int64(0)
    up_left: Scalar = np.int64(0)
    before: Scalar = np.int64(centre)
    for col in range(here.size - 2):
        prediction, unrest = predictions[col] + 3 * left, unrests[col] + abs(left - up_left)
        context = np.int64(LEVEL_TABLE[np.uintp(prediction)]) + np.int64(UNREST_TABLE[np.uintp(unrest)])
        slot = state & _MASK
        number: Scalar = np.int64(slots[np.uintp((context << SCALE_BITS) + slot)])
        cell = np.uintp(context * TOKENS + number)
        state = _popped(state, slot, np.int64(cells[cell]))
        counts[cell] += COUNTED
        state, place = take_word(state, words, place)
        if number >= DIRECT:
            number, state, place = _extended(number, first_of, extra_bits, state, words, place)
        before = np.int64(code_of[np.uintp((before if unrest == 0 else centre) * ROW + number)])
        codes[index + col] = before
        left, up_left = np.int64(near[before]), np.int64(here[col + 1])
        here[col + 1] = left
    states[lane] = state
    return place


@compiled
def _four_rows(
    words: NDArray[np.uint16],
    place: Scalar,
    states: NDArray[np.uint32],
    planes: Scalar,
    offset: Scalar,
    size: Scalar,
    first_of: Table,
    extra_bits: Table,
    centre: Scalar,
    code_of: NDArray[np.uint8],
    near: Table,
    cells: NDArray[np.uint32],
    slots: NDArray[np.uint8],
    counts: Counts,
    rows_of: NDArray[np.int16],
    codes: NDArray[np.uint8],
) -> Scalar:
    """One row of each of four states in turn, written out so that the processor overlaps them."""
    _look_up(rows_of[0])
    here_0, predictions_0, unrests_0 = rows_of[0, 0], rows_of[0, 1], rows_of[0, 2]
    _look_up(rows_of[1])
    here_1, predictions_1, unrests_1 = rows_of[1, 0], rows_of[1, 1], rows_of[1, 2]
    _look_up(rows_of[2])
    here_2, predictions_2, unrests_2 = rows_of[2, 0], rows_of[2, 1], rows_of[2, 2]
    _look_up(rows_of[3])
    here_3, predictions_3, unrests_3 = rows_of[3, 0], rows_of[3, 1], rows_of[3, 2]
    codes_0 = codes[(0 * planes // 4) * size + offset :]
    codes_1 = codes[(1 * planes // 4) * size + offset :]
    codes_2 = codes[(2 * planes // 4) * size + offset :]
    codes_3 = codes[(3 * planes // 4) * size + offset :]
    left_0: Scalar = np.int64(0)
    up_left_0: Scalar = np.int64(0)
    before_0: Scalar = np.int64(centre)
    state_0: Scalar = np.int64(states[0])
    left_1: Scalar = np.int64(0)
    up_left_1: Scalar = np.int64(0)
    before_1: Scalar = np.int64(centre)
    state_1: Scalar = np.int64(states[1])
    left_2: Scalar = np.int64(0)
    up_left_2: Scalar = np.int64(0)
    before_2: Scalar = np.int64(centre)
    state_2: Scalar = np.int64(states[2])
    left_3: Scalar = np.int64(0)
    up_left_3: Scalar = np.int64(0)
    before_3: Scalar = np.int64(centre)
    state_3: Scalar = np.int64(states[3])
    for col in range(rows_of.shape[2] - 2):
        level_0 = LEVEL_TABLE[np.uintp(predictions_0[col] + 3 * left_0)]
        more_0 = np.int64(UNREST_TABLE[np.uintp(unrests_0[col] + abs(left_0 - up_left_0))])
        context_0 = np.int64(level_0) + more_0
        level_1 = LEVEL_TABLE[np.uintp(predictions_1[col] + 3 * left_1)]
        more_1 = np.int64(UNREST_TABLE[np.uintp(unrests_1[col] + abs(left_1 - up_left_1))])
        context_1 = np.int64(level_1) + more_1
        level_2 = LEVEL_TABLE[np.uintp(predictions_2[col] + 3 * left_2)]
        more_2 = np.int64(UNREST_TABLE[np.uintp(unrests_2[col] + abs(left_2 - up_left_2))])
        context_2 = np.int64(level_2) + more_2
        level_3 = LEVEL_TABLE[np.uintp(predictions_3[col] + 3 * left_3)]
        more_3 = np.int64(UNREST_TABLE[np.uintp(unrests_3[col] + abs(left_3 - up_left_3))])
        context_3 = np.int64(level_3) + more_3
        slot_0 = state_0 & _MASK
        number_0: Scalar = np.int64(slots[np.uintp((context_0 << SCALE_BITS) + slot_0)])
        cell_0 = np.uintp(context_0 * TOKENS + number_0)
        state_0 = _popped(state_0, slot_0, np.int64(cells[cell_0]))
        counts[cell_0] += COUNTED
        slot_1 = state_1 & _MASK
        number_1: Scalar = np.int64(slots[np.uintp((context_1 << SCALE_BITS) + slot_1)])
        cell_1 = np.uintp(context_1 * TOKENS + number_1)
        state_1 = _popped(state_1, slot_1, np.int64(cells[cell_1]))
        counts[cell_1] += COUNTED
        slot_2 = state_2 & _MASK
        number_2: Scalar = np.int64(slots[np.uintp((context_2 << SCALE_BITS) + slot_2)])
        cell_2 = np.uintp(context_2 * TOKENS + number_2)
        state_2 = _popped(state_2, slot_2, np.int64(cells[cell_2]))
        counts[cell_2] += COUNTED
        slot_3 = state_3 & _MASK
        number_3: Scalar = np.int64(slots[np.uintp((context_3 << SCALE_BITS) + slot_3)])
        cell_3 = np.uintp(context_3 * TOKENS + number_3)
        state_3 = _popped(state_3, slot_3, np.int64(cells[cell_3]))
        counts[cell_3] += COUNTED
        state_0, place = take_word(state_0, words, place)
        if number_0 >= DIRECT:
            number_0, state_0, place = _extended(number_0, first_of, extra_bits, state_0, words, place)
        state_1, place = take_word(state_1, words, place)
        if number_1 >= DIRECT:
            number_1, state_1, place = _extended(number_1, first_of, extra_bits, state_1, words, place)
        state_2, place = take_word(state_2, words, place)
        if number_2 >= DIRECT:
            number_2, state_2, place = _extended(number_2, first_of, extra_bits, state_2, words, place)
        state_3, place = take_word(state_3, words, place)
        if number_3 >= DIRECT:
            number_3, state_3, place = _extended(number_3, first_of, extra_bits, state_3, words, place)
        before_0 = np.int64(code_of[np.uintp((centre if more_0 else before_0) * ROW + number_0)])
        codes_0[col] = before_0
        left_0, up_left_0 = np.int64(near[np.uintp(before_0)]), np.int64(here_0[col + 1])
        here_0[col + 1] = left_0
        before_1 = np.int64(code_of[np.uintp((centre if more_1 else before_1) * ROW + number_1)])
        codes_1[col] = before_1
        left_1, up_left_1 = np.int64(near[np.uintp(before_1)]), np.int64(here_1[col + 1])
        here_1[col + 1] = left_1
        before_2 = np.int64(code_of[np.uintp((centre if more_2 else before_2) * ROW + number_2)])
        codes_2[col] = before_2
        left_2, up_left_2 = np.int64(near[np.uintp(before_2)]), np.int64(here_2[col + 1])
        here_2[col + 1] = left_2
        before_3 = np.int64(code_of[np.uintp((centre if more_3 else before_3) * ROW + number_3)])
        codes_3[col] = before_3
        left_3, up_left_3 = np.int64(near[np.uintp(before_3)]), np.int64(here_3[col + 1])
        here_3[col + 1] = left_3
    states[0], states[1], states[2], states[3] = state_0, state_1, state_2, state_3
    return place
