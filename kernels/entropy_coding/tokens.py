"""Codes as tokens: distances from the centre, folded to whole numbers; rare large ones get extra bits.

A code at distance d from the centre becomes 2 d - 1 (above) or 2 d (below) as long as both sides have codes,
and counts on where one side has ended. Folded numbers below 16 are tokens; larger ones share a token per
half octave, and the bits below follow as they stand (as in the hybrid integers of JPEG XL, ISO 18181-1).
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


class Tokens(NamedTuple):
    """Tables of one centre, width and shift.

    By code, (256,), zero beyond the last one: ``folded`` and ``token_of_code`` uint8, ``near`` int16, the
    distance that contexts see. By folded number, (256,), the last code's beyond: ``code`` uint8, ``near_of``
    int16, ``token`` uint8. By token, (24,) int16: ``first``, the least folded number, ``extra_bits``.
    """

    folded: NDArray[np.uint8]
    token_of_code: NDArray[np.uint8]
    near: NDArray[np.int16]
    code: NDArray[np.uint8]
    near_of: NDArray[np.int16]
    token: NDArray[np.uint8]
    first: NDArray[np.int16]
    extra_bits: NDArray[np.int16]


@functools.lru_cache(maxsize=256)
def tokens_of(centre: int, bits: int, shift: int) -> Tokens:
    """Tables for codes of ``bits`` bits around ``centre``; contexts see distances divided by 2**shift."""
    codes = np.arange(2**bits, dtype=np.int64)
    distance = codes - centre
    both = min(centre, 2**bits - 1 - centre)
    folded = np.where(abs(distance) > both, abs(distance) + both, 2 * abs(distance) - (distance > 0))
    near = np.sign(distance) * np.minimum(np.abs(distance) >> shift, REACH)
    code = np.empty_like(codes)
    code[folded] = codes
    token, first, extra_bits = _shared()
    return Tokens(
        folded=_table(folded, 0, np.uint8),
        token_of_code=_table(token[folded], 0, np.uint8),
        near=_table(near, 0, np.int16),
        code=_table(code, code[-1], np.uint8),
        near_of=_table(near[code], near[code[-1]], np.int16),
        token=token.astype(np.uint8),
        first=first.astype(np.int16),
        extra_bits=extra_bits.astype(np.int16),
    )


def _table(values: NDArray[Any], beyond: int, dtype: type) -> NDArray[Any]:
    """256 entries, so that no number that is read can reach outside."""
    padded: NDArray[Any] = np.full(256, beyond, dtype)
    padded[: values.size] = values
    return padded


@functools.cache
def _shared() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """``token`` by folded number, ``first`` and ``extra_bits`` by token."""
    numbers = np.arange(256)
    octave = np.array([max(int(number).bit_length() - 1, 1) for number in numbers])
    token = np.where(numbers < DIRECT, numbers, DIRECT + (octave - 4) * 2 + (numbers >> (octave - 1) & 1))
    first = np.array([numbers[token == each][0] for each in range(TOKENS)])
    extra_bits = np.array([int((token == each).sum()).bit_length() - 1 for each in range(TOKENS)])
    return token, first, extra_bits
