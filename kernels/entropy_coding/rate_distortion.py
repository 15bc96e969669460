"""Rate-distortion optimised quantisation: towards zero where that saves more than it costs.

Only values that rounding to nearest takes away from zero are looked at. Greedy, in the coder's order, so that
a code's neighbours are those that the decoder will see. A token costs what it costs among the codes rounded
to nearest, by context; what a code does to the bits of later ones is left out. A decoder needs to know
nothing of it (as in encoders of H.264 and HEVC: Karczewicz, Ye and Chong, ITU-T VCEG-AH21, 2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.contexts import CONTEXTS, LEVEL_TABLE, OFFSET, UNREST_TABLE
from evosplit.kernels.entropy_coding.encode import row_contexts
from evosplit.kernels.entropy_coding.layout import layout_of
from evosplit.kernels.entropy_coding.model import COUNTED, Counts, assumed_counts
from evosplit.kernels.entropy_coding.rans import Scalar
from evosplit.kernels.entropy_coding.statistics import centre_of, histogram_of, shift_of
from evosplit.kernels.entropy_coding.tokens import ROW, TABLE, TOKENS, near_of, numbers_of
from evosplit.kernels.jit import compiled

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Table = NDArray[np.int16]


def economical_codes(
    scaled: Floats, zero: int, codes: Bytes, shape: Sequence[int], bits: int, multiplier: float
) -> Bytes:
    """``codes``, (elements,) below 2**bits, some of them moved towards the code ``zero``; a copy.

    ``scaled`` are the values in steps from zero, (elements,). ``multiplier`` is Lagrange's: how many squared
    steps a bit is worth.
    """
    planes, rows, cols, _ = layout_of(shape)
    histogram = histogram_of(codes)
    centre = centre_of(histogram)
    shift = shift_of(histogram, centre)
    tables = (numbers_of(bits).token, near_of(centre, bits, shift))
    counts = assumed_counts(centre, bits, shift).copy()
    _count_tokens(codes, planes * rows, rows, cols, centre, *tables, counts)
    chosen = codes.copy()
    prices = np.float32(multiplier) * _token_bits(counts)
    _move_codes(scaled, zero, chosen, planes * rows, rows, cols, centre, *tables, prices)
    return chosen


def _token_bits(counts: Counts) -> Floats:
    """Bits of each token by context, with the extra ones that follow it, (CONTEXTS * TOKENS,)."""
    by_context = np.maximum(counts.reshape(CONTEXTS, TOKENS), 1).astype(np.float32)
    bits: Floats = np.log2(by_context.sum(1, keepdims=True)) - np.log2(by_context) + TABLE.extra_bits
    return bits.reshape(-1)


@compiled
def _count_tokens(
    codes: Bytes,
    all_rows: int,
    rows: int,
    cols: int,
    centre: int,
    token_of: Bytes,
    near: Table,
    counts: Counts,
) -> None:
    """Count the tokens of ``codes`` by context; ``all_rows`` of ``cols``, ``rows`` to a plane."""
    two_rows, contexts = np.zeros((2, cols + 2), np.int16), np.empty(cols, np.uint16)
    for row in range(all_rows):
        if row % rows == 0:
            two_rows[:] = 0
        here, above = two_rows[row & 1], two_rows[1 - (row & 1)]
        for col in range(cols):
            here[col + 1] = near[codes[row * cols + col]]
        row_contexts(here, above, contexts)
        left = np.uintp(centre)
        for col in range(cols):
            context, code = np.uintp(contexts[col]), np.uintp(codes[row * cols + col])
            reference = np.uintp(centre) if context & np.uintp(3) else left
            token = np.uintp(token_of[reference * np.uintp(ROW) + code])
            counts[context * np.uintp(TOKENS) + token] += COUNTED
            left = code


@compiled
def _move_codes(
    scaled: Floats,
    zero: Scalar,
    codes: Bytes,
    all_rows: int,
    rows: int,
    cols: int,
    centre: Scalar,
    token_of: Bytes,
    near: Table,
    prices: Floats,
) -> None:
    """Move a code c that is further out than its value v one step in, where that costs less than it saves.

    It adds (v - c')**2 - (v - c)**2 = 1 - 2 |v - c| squared steps of noise.
    """
    two_rows, candidates = np.zeros((2, cols + 2), np.int16), np.empty(cols + 1, np.int64)
    for row in range(all_rows):
        if row % rows == 0:
            two_rows[:] = 0
        here, above = two_rows[row & 1], two_rows[1 - (row & 1)]
        row_codes, row_scaled = codes[row * cols : (row + 1) * cols], scaled[row * cols : (row + 1) * cols]
        count: Scalar = np.uintp(0)
        for col in range(cols):
            code = row_codes[col]
            here[col + 1] = near[code]
            distance = np.float32(np.int32(code) - np.int32(zero))
            # Written always, kept sometimes: a branch would be guessed wrong.
            candidates[count] = col
            count += np.uintp((row_scaled[col] - distance) * distance < 0)
        for candidate in candidates[:count]:
            place = np.uintp(candidate)
            code = np.int64(row_codes[place])
            left, up_left = np.int64(here[place]), np.int64(above[place])
            up, up_right = np.int64(above[place + np.uintp(1)]), np.int64(above[place + np.uintp(2)])
            level = LEVEL_TABLE[np.uintp(3 * (left + up) - 2 * up_left + up_right + OFFSET)]
            unrest = UNREST_TABLE[np.uintp(abs(left - up_left) + abs(up - up_left) + abs(up_right - up))]
            first = (np.int64(level) + np.int64(unrest)) * TOKENS
            before = np.int64(row_codes[place - np.uintp(1)]) if candidate else centre
            reference = (centre if unrest else before) * ROW
            inner = code - 1 if code > zero else code + 1
            token = np.int64(token_of[np.uintp(reference + code)])
            inner_token = np.int64(token_of[np.uintp(reference + inner)])
            saved = prices[np.uintp(first + token)] - prices[np.uintp(first + inner_token)]
            if 1 - 2 * abs(row_scaled[place] - np.float32(code - zero)) < saved:
                row_codes[place] = inner
                here[place + np.uintp(1)] = near[np.uintp(inner)]
