"""Adaptive probability model of symbols per context: a prior, and counts.

The sender and the receiver begin with the same assumption, two-sided geometric around the prediction, and
count alike: after so many codes, and then twice as many each time, frequencies are made anew of all that was
counted. All in integers, so that both always agree.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.contexts import CONTEXTS, LEVELS, UNREST
from evosplit.kernels.entropy_coding.rans import Scalar
from evosplit.kernels.entropy_coding.tokens import DIRECT, ROW, TABLE, TOKENS, numbers_of
from evosplit.kernels.jit import compiled

SCALE_BITS: Final = 12
"""Frequencies of a context sum up to 2**12."""
START_SHIFT: Final = 13
"""A cell is a token's frequency, and from this bit on the sum of those before it."""
FREQUENCY_MASK: Final = (1 << START_SHIFT) - 1
FLAG: Final = 1 << 31
"""Set in the sender's cells of tokens that extra bits follow."""
COUNTED: Final = 32
"""What one code adds to the counts."""
FIRST_REFRESH: Final = 256
"""Codes after which frequencies are made anew for the first time."""

_MIDDLES: Final = (0, 0, 1, 2, 3, 6)
"""By level: where codes are assumed to lie, in half steps."""
_LIKE: Final = (0, 1, 1, 1, 2, 4)
"""The same where all neighbours are alike, in whole steps: there the code to the left is the reference."""
_DECAYS: Final = (110, 130, 150, 180)
"""By unrest: what half a step further away is assumed to cost, in 256ths."""
_STRENGTH: Final = 24
"""How many codes the assumption counts as."""

Counts = NDArray[np.int32]
"""(CONTEXTS * TOKENS,), context by context."""


@functools.lru_cache(maxsize=256)
def assumed_counts(centre: int, bits: int, shift: int) -> Counts:
    """What every tensor begins with, in units of `COUNTED` a code; read-only."""
    halves = 2 * (np.arange(2**bits, dtype=np.int64) - centre)
    numbers = numbers_of(bits).number.reshape(-1, ROW)[:, : 2**bits]
    counts = np.zeros((CONTEXTS, TOKENS), np.int64)
    for context, row in enumerate(counts):
        level, unrest = divmod(context, len(UNREST) + 1)
        sign, far = int(np.sign(level - len(LEVELS))), abs(level - len(LEVELS))
        middle = sign * (_MIDDLES[far] if unrest else 2 * _LIKE[far])
        reference = centre if unrest else min(max(centre + (middle // 2 << shift), 0), 2**bits - 1)
        powers = _powers(_DECAYS[unrest])
        away = np.abs(halves - (middle << shift)) >> shift
        np.add.at(row, TABLE.token[numbers[reference]], powers[np.minimum(away, powers.size - 1)])
        row[:] = row * (COUNTED * _STRENGTH) // row.sum()
    flat_counts = counts.astype(np.int32).reshape(-1)
    flat_counts.flags.writeable = False
    return flat_counts


def _powers(decay: int) -> NDArray[np.int64]:
    """2**20 times (decay / 256)**n in integers, at least 16."""
    powers = [1 << 20]
    while len(powers) < 64:
        powers.append(max(powers[-1] * decay >> 8, 16))
    return np.array(powers)


@compiled
def refresh(
    counts: Counts,
    built: NDArray[np.int64],
    tokens: int,
    cells: NDArray[np.uint32],
    slots: NDArray[np.uint8],
) -> None:
    """Make ``cells`` of the counts, every one of the first ``tokens`` at least 1 in 4096.

    Only of contexts that were counted half as often again as when they were ``built`` last. ``slots`` hold
    the token at each place below 4096, context by context; the sender needs none, (0,).
    """
    contexts = built.size
    stride = counts.size // contexts
    for context in range(contexts):
        base: Scalar = context * stride
        total: Scalar = np.int64(0)
        for token in range(tokens):
            total += counts[base + token]
        if 2 * total < 3 * built[context]:
            continue
        built[context] = total
        room, best = (1 << SCALE_BITS) - tokens, 0
        used: Scalar = 0
        most: Scalar = -1
        for token in range(tokens):
            share = 1 + np.int64(counts[base + token]) * room // max(total, 1)
            cells[base + token] = share
            used += share
            if share > most:
                best, most = token, share
        cells[base + best] += (1 << SCALE_BITS) - used
        place: Scalar = 0
        for token in range(tokens):
            share = np.int64(cells[base + token])
            cells[base + token] = share | (place << START_SHIFT)
            if not slots.size:
                cells[base + token] |= FLAG if token >= DIRECT else 0
            else:
                first, name = np.uintp((context << SCALE_BITS) + place), np.uint8(token)
                for slot in range(np.uintp(share)):  # unsigned, so that it becomes one fill
                    slots[first + slot] = name
            place += share
