"""Bit-packing of eight byte-wide codes to ``bits`` bytes and back, 64 bits at a time.

A word holds eight codes, one in the low ``bits`` of each byte. Three folds close the gaps: between bytes,
then between pairs, then between fours; the word's low ``bits`` bytes are then dense, first code lowest.

``upcoming`` are floats that the caller reads or writes next: packing leaves the memory idle, so they are
fetched meanwhile. Beyond the caches that makes the whole half as fast again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.word_access import load_word, prefetch, store_word

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

GROUP: Final = 8
"""Codes per word."""
SLACK_BYTES: Final = 8
"""What a packed buffer must have behind its end: whole words are read and written at any byte."""

_BYTES: Final = np.uint64(0x00FF00FF00FF00FF)
_PAIRS: Final = np.uint64(0x0000FFFF0000FFFF)
_FOURS: Final = np.uint64(0x00000000FFFFFFFF)
_ODD_BYTES: Final = np.uint64(0xFF00FF00FF00FF00)
_ODD_PAIRS: Final = np.uint64(0xFFFF0000FFFF0000)
_ODD_FOURS: Final = np.uint64(0xFFFFFFFF00000000)


@compiled
def pack_words(codes: Bytes, groups: int, bits: int, packed: Bytes, offset: int, upcoming: Floats) -> None:
    """Pack ``groups`` times eight ``codes`` (below 2**bits) into ``packed`` from byte ``offset`` on.

    The last group also overwrites up to 8 - bits bytes behind it.
    """
    gap, gap2, gap4 = np.uint64(8 - bits), np.uint64(2 * (8 - bits)), np.uint64(4 * (8 - bits))
    for group in range(groups):
        word = load_word(codes, group * GROUP)
        word = (word & _BYTES) | ((word & _ODD_BYTES) >> gap)
        word = (word & _PAIRS) | ((word & _ODD_PAIRS) >> gap2)
        word = (word & _FOURS) | ((word & _ODD_FOURS) >> gap4)
        store_word(packed, offset + group * bits, word)
        if group & 1:
            prefetch(upcoming, group * GROUP)


@compiled
def unpack_words(packed: Bytes, offset: int, groups: int, bits: int, codes: Bytes, upcoming: Floats) -> None:
    """The inverse: ``groups`` times eight codes from byte ``offset`` on; reads 8 bytes for each group."""
    gap, gap2, gap4 = np.uint64(8 - bits), np.uint64(2 * (8 - bits)), np.uint64(4 * (8 - bits))
    low_bit = np.uint64(1)
    low4 = (low_bit << np.uint64(4 * bits)) - low_bit
    low2 = ((low_bit << np.uint64(2 * bits)) - low_bit) * np.uint64(0x0000000100000001)
    low1 = ((low_bit << np.uint64(bits)) - low_bit) * np.uint64(0x0001000100010001)
    top4, top2, top1 = low4 << np.uint64(4 * bits), low2 << np.uint64(2 * bits), low1 << np.uint64(bits)
    for group in range(groups):
        word = load_word(packed, offset + group * bits)
        word = (word & low4) | ((word & top4) << gap4)
        word = (word & low2) | ((word & top2) << gap2)
        word = (word & low1) | ((word & top1) << gap)
        store_word(codes, group * GROUP, word)
        if group & 1:
            prefetch(upcoming, group * GROUP)
