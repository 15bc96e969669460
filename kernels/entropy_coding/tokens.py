"""Codes as tokens: distances from a reference, folded to whole numbers; rare large ones get extra bits.

The reference of a code is the code to its left where all neighbours are alike, else the centre. A code at
distance d becomes 2 d - 1 (above) or -2 d (below) as long as both sides have codes, and counts on where one
side has ended. Folded numbers below 16 are tokens; larger ones share a token per half octave, and the bits
below follow as they stand (as in the hybrid integers of JPEG XL, ISO 18181-1).
"""

from __future__ import annotations

import functools
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

DIRECT: Final = 16
"""Folded numbers below it are tokens of their own."""
TOKENS: Final = 24
"""Tokens of 8-bit codes."""
REACH: Final = 15
"""Distances in contexts are cut off here."""
ROW: Final = 256
"""Entries of the tables of numbers and codes for one reference."""


class Numbers(NamedTuple):
    """Tables of codes of one width, (2**bits * 256,) uint8: entry ``reference * 256 + x``.

    ``number`` is by code, 0 beyond the last one, ``token`` that of this number; ``code`` by folded number,
    some code beyond the last one.
    """

    number: NDArray[np.uint8]
    token: NDArray[np.uint8]
    code: NDArray[np.uint8]


@functools.lru_cache(maxsize=8)
def numbers_of(bits: int) -> Numbers:
    """Folded numbers of all pairs of reference and code, and back."""
    codes = np.arange(2**bits, dtype=np.int64)
    number, code = np.zeros((2**bits, ROW), np.uint8), np.zeros((2**bits, ROW), np.uint8)
    for reference in range(2**bits):
        distance, both = codes - reference, min(reference, 2**bits - 1 - reference)
        far, above = np.abs(distance), (distance > 0).astype(np.int64)
        folded = np.where(far > both, far + both, 2 * far - above)
        number[reference, : 2**bits] = folded
        code[reference, folded] = codes
    return Numbers(number.reshape(-1), TABLE.token[number.reshape(-1)], code.reshape(-1))


@functools.lru_cache(maxsize=256)
def near_of(centre: int, bits: int, shift: int) -> NDArray[np.int16]:
    """By code, (256,): the distance from the centre that contexts see, divided by 2**shift."""
    distance = np.zeros(ROW, np.int64)
    distance[: 2**bits] = np.arange(2**bits) - centre
    near: NDArray[np.int16] = np.minimum(np.abs(distance) >> shift, REACH).astype(np.int16)
    return near * np.sign(distance).astype(np.int16)


class Tokens(NamedTuple):
    """``token`` by folded number, (256,) uint8; by token, (24,) int16, least number and extra bits."""

    token: NDArray[np.uint8]
    first: NDArray[np.int16]
    extra_bits: NDArray[np.int16]


def _tokens() -> Tokens:
    numbers = np.arange(ROW)
    octave = np.array([max(int(number).bit_length() - 1, 1) for number in numbers])
    token = np.where(numbers < DIRECT, numbers, DIRECT + (octave - 4) * 2 + (numbers >> (octave - 1) & 1))
    first = np.array([numbers[token == each][0] for each in range(TOKENS)])
    extra_bits = np.array([int((token == each).sum()).bit_length() - 1 for each in range(TOKENS)])
    return Tokens(token.astype(np.uint8), first.astype(np.int16), extra_bits.astype(np.int16))


TABLE: Final = _tokens()


def most_tokens(histogram: NDArray[Any], bits: int) -> int:
    """The largest token that codes between the least and the greatest of a histogram can have, plus 1."""
    (present,) = histogram.nonzero()
    return _most_between(int(present[0]), int(present[-1]) + 1, bits)


@functools.lru_cache(maxsize=4096)
def _most_between(low: int, high: int, bits: int) -> int:
    numbers = numbers_of(bits).number.reshape(-1, ROW)[low:high, low:high]
    return int(TABLE.token[int(numbers.max())]) + 1
