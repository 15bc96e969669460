"""Encoder of codes to interleaved rANS words: one pass forward for the model, one backward to code."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.contexts import LEVELS, UNREST
from evosplit.kernels.entropy_coding.model import (
    COUNTED,
    FIRST_REFRESH,
    FLAG,
    FREQUENCY_MASK,
    SCALE_BITS,
    START_SHIFT,
    Counts,
    refresh,
)
from evosplit.kernels.entropy_coding.rans import LEAST_STATE, Scalar, make_room
from evosplit.kernels.entropy_coding.tokens import DIRECT, ROW, TOKENS
from evosplit.kernels.jit import compiled

Table = NDArray[np.int16]
_LEVEL_1, _LEVEL_2, _LEVEL_3, _LEVEL_4, _LEVEL_5 = LEVELS
_UNREST_1, _UNREST_2, _UNREST_3 = UNREST
_UNREST_MASK: Final = len(UNREST)
"""Bits of a context that hold its unrest."""
_MIDDLE: Final = len(LEVELS)
_INVERSES: Final = 1.0 / np.maximum(np.arange((1 << SCALE_BITS) + 1), 1)
"""By frequency; what a state is multiplied by in place of a division."""
_TOP_SHIFT: Final = 32 - SCALE_BITS
_START_MASK: Final = (1 << SCALE_BITS) - 1


@compiled
def choose_cells(
    codes: NDArray[np.uint8],
    planes: int,
    rows: int,
    cols: int,
    lanes: int,
    tokens: int,
    centre: int,
    number_of: NDArray[np.uint8],
    token_of: NDArray[np.uint8],
    near: Table,
    counts: Counts,
    contexts: int,
    entries: NDArray[np.uint32],
    numbers: NDArray[np.uint8],
) -> None:
    """The forward pass: each code's cell, (codes,), and its folded number where extra bits follow the token.

    ``counts`` go on from the assumed ones. ``near`` is by code, ``number_of`` and ``token_of`` as in
    `tokens.Numbers`. Rows that all lanes have come first, in turn, then those of planes left over:
    what the counts are when frequencies are made anew is part of the format.
    """
    cells, built = np.zeros(counts.size, np.uint32), np.zeros(contexts, np.int64)
    no_slots = np.empty(0, np.uint8)
    refresh(counts, built, tokens, cells, no_slots)
    rows_of = np.zeros((lanes, 2, cols + 2), np.int16)
    chosen = np.empty(cols, np.uint16)
    coded, due, least = 0, FIRST_REFRESH, planes // lanes
    for row in range(least * rows):
        if row % rows == 0:
            rows_of[:] = 0
        for lane in range(lanes):
            row_start = ((lane * planes // lanes) * rows + row) * cols
            _choose_row(codes, row_start, centre, number_of, token_of, near, rows_of[lane], row & 1, chosen,
                        cells, counts, entries, numbers)  # fmt: skip
        coded += lanes * cols
        if coded >= due:
            refresh(counts, built, tokens, cells, no_slots)
            due = 2 * coded
    for lane in range(lanes):
        start, end = lane * planes // lanes + least, (lane + 1) * planes // lanes
        rows_of[:] = 0
        for row in range((end - start) * rows):
            row_start = (start * rows + row) * cols
            _choose_row(codes, row_start, centre, number_of, token_of, near, rows_of[lane], row & 1, chosen,
                        cells, counts, entries, numbers)  # fmt: skip
            coded += cols
            if coded >= due:
                refresh(counts, built, tokens, cells, no_slots)
                due = 2 * coded


@compiled
def _choose_row(
    codes: NDArray[np.uint8],
    row_start: int,
    centre: int,
    number_of: NDArray[np.uint8],
    token_of: NDArray[np.uint8],
    near: Table,
    two_rows: NDArray[np.int16],
    parity: int,
    contexts: NDArray[np.uint16],
    cells: NDArray[np.uint32],
    counts: Counts,
    entries: NDArray[np.uint32],
    numbers: NDArray[np.uint8],
) -> None:
    """The row from ``row_start`` on; ``two_rows`` hold its distances and those above, bordered, by turns."""
    here, above, start = two_rows[parity], two_rows[1 - parity], np.uintp(row_start)
    for col in range(contexts.size):
        here[col + 1] = near[codes[start + np.uintp(col)]]
    row_contexts(here, above, contexts)
    left = np.uintp(centre)
    for col in range(contexts.size):
        context, code = np.uintp(contexts[col]), np.uintp(codes[start + np.uintp(col)])
        reference = np.uintp(centre) if context & np.uintp(_UNREST_MASK) else left
        token = np.uintp(token_of[reference * np.uintp(ROW) + code])
        index = context * np.uintp(TOKENS) + token
        entries[start + np.uintp(col)] = cells[index]
        counts[index] += COUNTED
        if token >= np.uintp(DIRECT):
            numbers[start + np.uintp(col)] = number_of[reference * np.uintp(ROW) + code]
        left = code


@compiled
def row_contexts(here: NDArray[np.int16], above: NDArray[np.int16], contexts: NDArray[np.uint16]) -> None:
    """The contexts of a row, (cols,), from its distances and those above, (cols + 2,) with a border each."""
    for col in range(contexts.size):
        left, up_left, up, up_right = here[col], above[col], above[col + 1], above[col + 2]
        prediction = np.int16(3 * (left + up) - 2 * up_left + up_right)
        unrest = np.int16(abs(left - up_left) + abs(up - up_left) + abs(up_right - up))
        far = np.int16(abs(prediction))
        level = np.int16(
            np.int16(far >= _LEVEL_1)
            + np.int16(far >= _LEVEL_2)
            + np.int16(far >= _LEVEL_3)
            + np.int16(far >= _LEVEL_4)
            + np.int16(far >= _LEVEL_5)
        )
        signed = level if prediction > 0 else np.int16(-level)
        more = np.int16(
            np.int16(unrest >= _UNREST_1) + np.int16(unrest >= _UNREST_2) + np.int16(unrest >= _UNREST_3)
        )
        contexts[col] = np.uint16(np.int16((len(UNREST) + 1) * (signed + _MIDDLE) + more))


@compiled
def _pushed(state: Scalar, frequency: Scalar, cell: Scalar) -> Scalar:
    """The state with a token in it: (state // frequency) * 4096 + state % frequency + the cell's start."""
    # Exact: the half keeps the product of a multiple away from the border, and all is far below 2**53.
    quotient = np.int64((state + 0.5) * _INVERSES[np.uintp(frequency)])
    return state + quotient * ((1 << SCALE_BITS) - frequency) + ((cell >> START_SHIFT) & _START_MASK)


@compiled
def _put_extra(
    state: Scalar, number: Scalar, words: NDArray[np.uint16], place: Scalar
) -> tuple[Scalar, Scalar]:
    """The bits that follow the token of a large folded number, uniformly distributed."""
    octave = 4
    while number >> (octave + 1):
        octave += 1
    width = SCALE_BITS - (octave - 1)
    frequency, start = 1 << width, (np.int64(number) & ((1 << (octave - 1)) - 1)) << width
    state, place = make_room(state, frequency, _TOP_SHIFT, words, place)
    return _pushed(state, frequency, start << START_SHIFT), place


@compiled
def code_backwards(
    numbers: NDArray[np.uint8],
    entries: NDArray[np.uint32],
    planes: int,
    size: int,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
) -> Scalar:
    """Write ``words`` from the end on; the place of the first one, or -1 where there is no room.

    ``size`` is the codes of a plane; entries and numbers are those of `choose_cells`. 1 or 4 states.
    """
    place: Scalar = words.size
    lanes = states.size
    states[:] = LEAST_STATE
    for lane in range(lanes - 1, -1, -1):  # planes left over are the last to be read
        start = (lane * planes // lanes + planes // lanes) * size if lanes > 1 else 0
        end = (lane + 1) * planes // lanes * size
        place = _one_backwards(numbers, entries, start, end, lane, states, words, place)
    return _four_backwards(numbers, entries, planes, size, states, words, place) if lanes > 1 else place


@compiled
def _one_backwards(
    numbers: NDArray[np.uint8],
    entries: NDArray[np.uint32],
    start: int,
    end: int,
    lane: int,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    place: Scalar,
) -> Scalar:
    """The codes from ``start`` to ``end`` by one state, last one first."""
    state_0 = np.int64(states[lane])
    for index in range(end - 1, start - 1, -1):
        if place < 2:
            return -1
        cell = np.int64(entries[index])
        if cell >= FLAG:
            state_0, place = _put_extra(state_0, numbers[index], words, place)
        frequency = cell & FREQUENCY_MASK
        state_0, place = make_room(state_0, frequency, _TOP_SHIFT, words, place)
        state_0 = _pushed(state_0, frequency, cell)
    states[lane] = state_0
    return place


@compiled
def _four_backwards(
    numbers: NDArray[np.uint8],
    entries: NDArray[np.uint32],
    planes: int,
    size: int,
    states: NDArray[np.uint32],
    words: NDArray[np.uint16],
    place: Scalar,
) -> Scalar:
    """The planes that all four states have, the last code of each first."""
    least = planes // 4
    index_0, index_1 = least * size, (planes // 4 + least) * size
    index_2, index_3 = (2 * planes // 4 + least) * size, (3 * planes // 4 + least) * size
    state_0, state_1 = np.int64(states[0]), np.int64(states[1])
    state_2, state_3 = np.int64(states[2]), np.int64(states[3])
    for back in range(1, least * size + 1):
        if place < 8:
            return -1
        cell = np.int64(entries[index_3 - back])
        if cell >= FLAG:
            state_3, place = _put_extra(state_3, numbers[index_3 - back], words, place)
        frequency = cell & FREQUENCY_MASK
        state_3, place = make_room(state_3, frequency, _TOP_SHIFT, words, place)
        state_3 = _pushed(state_3, frequency, cell)
        cell = np.int64(entries[index_2 - back])
        if cell >= FLAG:
            state_2, place = _put_extra(state_2, numbers[index_2 - back], words, place)
        frequency = cell & FREQUENCY_MASK
        state_2, place = make_room(state_2, frequency, _TOP_SHIFT, words, place)
        state_2 = _pushed(state_2, frequency, cell)
        cell = np.int64(entries[index_1 - back])
        if cell >= FLAG:
            state_1, place = _put_extra(state_1, numbers[index_1 - back], words, place)
        frequency = cell & FREQUENCY_MASK
        state_1, place = make_room(state_1, frequency, _TOP_SHIFT, words, place)
        state_1 = _pushed(state_1, frequency, cell)
        cell = np.int64(entries[index_0 - back])
        if cell >= FLAG:
            state_0, place = _put_extra(state_0, numbers[index_0 - back], words, place)
        frequency = cell & FREQUENCY_MASK
        state_0, place = make_room(state_0, frequency, _TOP_SHIFT, words, place)
        state_0 = _pushed(state_0, frequency, cell)
    states[0], states[1], states[2], states[3] = state_0, state_1, state_2, state_3
    return place
