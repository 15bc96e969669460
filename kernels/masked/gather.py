"""From a mask to the list of its set positions, in raster order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.jit import compiled
from kernels.words import load_word

Mask = NDArray[np.uint8]
Positions = NDArray[np.int32]
"""Flat indices ``y * width + x``, ascending."""

_WORD = 8


@compiled
def _gather(mask: Mask, found: Positions) -> int:
    """Write the set positions to ``found``, which has room for all and one more; returns their number."""
    count = 0
    whole = mask.size - mask.size % _WORD
    for start in range(0, whole, _WORD):
        if load_word(mask, start):
            for i in range(start, start + _WORD):
                # Written always and kept sometimes: a branch here would be guessed wrong on scattered masks.
                found[count] = i
                count += mask[i] != 0
    for i in range(whole, mask.size):
        found[count] = i
        count += mask[i] != 0
    return count


def positions_of(mask: NDArray[np.bool_] | Mask, room: Positions | None = None) -> Positions:
    """Set positions of ``mask`` (height, width), bool or uint8 (not zero: set).

    ``room``: int32 (height * width + 1), written and returned as a view; new where none is given.
    """
    flat = np.ascontiguousarray(mask).reshape(-1).view(np.uint8)
    if room is None:
        room = np.empty(flat.size + 1, np.int32)
    return room[: _gather(flat, room)]
