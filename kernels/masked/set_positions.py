"""Compaction of a mask to the list of its set positions, in raster order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.kernels.word_access import load_word
from evosplit.shared.errors import InputError

Mask = NDArray[np.uint8]
Positions = NDArray[np.int32]
"""``y << 16 | x``, ascending."""

MOST_ROWS = 1 << 15
_WORD = 8


@compiled
def list_set(mask: Mask, height: int, width: int, positions: Positions) -> int:
    """List set places of the flat ``mask`` in ``positions`` (room for all and one more); their number."""
    count = 0
    whole = width - width % _WORD
    for y in range(height):
        start, row = y * width, y << 16
        for x in range(0, whole, _WORD):
            if load_word(mask, start + x):
                for i in range(x, x + _WORD):
                    # Written always, kept sometimes: a branch would be guessed wrong on scattered masks.
                    positions[count] = row | i
                    count += mask[start + i] != 0
        for i in range(whole, width):
            positions[count] = row | i
            count += mask[start + i] != 0
    return count


def positions_of(mask: NDArray[np.bool_] | Mask, room: Positions | None = None) -> Positions:
    """Set positions of ``mask`` (height, width), bool or uint8 (not zero: set), sides below 32,768.

    ``room``: int32 (height * width + 1), written and returned as a view; new where none is given.
    """
    height, width = mask.shape
    if max(height, width) >= MOST_ROWS:
        raise InputError(f"a mask of {mask.shape} is too large")
    flat = np.ascontiguousarray(mask).reshape(-1).view(np.uint8)
    if room is None:
        room = np.empty(flat.size + 1, np.int32)
    return room[: list_set(flat, height, width, room)]
