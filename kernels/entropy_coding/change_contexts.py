"""Context modelling of changes: how far from its base a code is likely to be.

The scale of a code's change is estimated, in sixteenths of an octave, from three things that both sides know:
changes to the left and above in its own plane; what changed in the planes before it, at the same place and
around it, for as much texture as there was; and the texture of the base here, since what moves changes codes
most where neighbours differ. The scale, in 16 levels, is the context (error energy as in CALIC, Wu and Memon
1997). Channels of a network see the same picture, so planes tell of each other more than neighbours do.
"""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.model import COUNTED, Counts
from evosplit.kernels.entropy_coding.rans import Scalar
from evosplit.kernels.entropy_coding.tokens import ROW, TABLE, TOKENS
from evosplit.kernels.jit import compiled

SCALES: Final = 16
"""Contexts."""
MOST: Final = 16
"""Changes in contexts are cut off here."""
_TEXTURE: Final = 64
"""And sums of differences between the base's codes here."""
_FLAT: Final = 4
"""What is added to these: flat places change, too."""
_FADES: Final = 3
"""A plane fades from what is remembered by an eighth with each that follows."""
_FIRST_CHANGE, _FIRST_TEXTURE = 256, 2048
"""What is remembered before the first plane."""
_LEAST: Final = -240
"""The least estimate of the first context."""
_WIDTH_SHIFT: Final = 5
"""A context holds 2**5 estimates: two octaves."""
_DECAYS: Final = (1, 1, 1, 2, 3, 14, 32, 48, 69, 96, 125, 156, 182, 199, 216, 233)
"""By context: what one step further away is assumed to cost, in 256ths."""
_STRENGTH: Final = 24
"""How many codes the assumption counts as."""


def _sixteenths() -> NDArray[np.int16]:
    """16 log2 of whole numbers, rounded; of 0 as of 1."""
    return np.array([round(16 * math.log2(max(n, 1))) for n in range(1 << 14)], np.int16)


LOG: Final = _sixteenths()
NEAR_LOG: Final = LOG[1 : 18 * MOST + 2 : 3].copy()
"""By the weighed sum of four neighbours' changes: of three times that and 1."""


@functools.lru_cache(maxsize=1)
def assumed_changes() -> Counts:
    """What every delta begins with, (SCALES * TOKENS,) in units of `COUNTED` a code; read-only."""
    away = (np.arange(ROW) + 1) // 2
    counts = np.zeros((SCALES, TOKENS), np.int64)
    for row, decay in zip(counts, _DECAYS, strict=True):
        powers = [1 << 20]
        while len(powers) <= int(away[-1]):
            powers.append(max(powers[-1] * decay >> 8, 1))
        np.add.at(row, TABLE.token, np.array(powers)[away])
        row[:] = row * (COUNTED * _STRENGTH) // row.sum()
    assumed = counts.astype(np.int32).reshape(-1)
    assumed.flags.writeable = False
    return assumed


@compiled
def start_memory(memory: NDArray[np.int32]) -> None:
    """Nothing is known yet; ``memory`` is (2, rows, cols): of changes, and of texture."""
    memory[0] = _FIRST_CHANGE
    memory[1] = _FIRST_TEXTURE


@compiled
def begin_plane(
    base: NDArray[np.uint8],
    memory: NDArray[np.int32],
    texture: NDArray[np.int32],
    around: NDArray[np.int16],
) -> None:
    """What the base (rows, cols) and the planes before say of each place: ``around``, without neighbours.

    ``texture`` is (rows + 2, cols + 2) with a border of zeros, as `end_plane` needs it.
    """
    rows, cols = base.shape
    for row in range(rows):
        up, down = max(row - 1, 0), min(row + 1, rows - 1)
        for col in range(cols):
            left, right = max(col - 1, 0), min(col + 1, cols - 1)
            across = abs(np.int32(base[row, right]) - np.int32(base[row, left]))
            along = abs(np.int32(base[down, col]) - np.int32(base[up, col]))
            both = across + along
            here = (both if both < _TEXTURE else _TEXTURE) + _FLAT
            texture[row + 1, col + 1] = here
            moved = LOG[memory[0, row, col]] - LOG[memory[1, row, col]]
            around[row, col] = 3 * moved + 2 * LOG[here] - _LEAST


@compiled
def end_plane(changes: NDArray[np.int32], texture: NDArray[np.int32], memory: NDArray[np.int32]) -> None:
    """Remember a plane: ``changes`` and ``texture`` (rows + 2, cols + 2) with a border of zeros."""
    _fade_in(changes, memory[0], 4)
    _fade_in(texture, memory[1], 1)


@compiled
def _fade_in(values: NDArray[np.int32], remembered: NDArray[np.int32], factor: Scalar) -> None:
    """Add sums over 3 x 3 places, those in the middle weighed 4, those beside it 2, in corners 1."""
    rows, cols = remembered.shape
    for row in range(rows):
        above, here, below = values[row], values[row + 1], values[row + 2]
        for col in range(cols):
            left = above[col] + 2 * here[col] + below[col]
            middle = above[col + 1] + 2 * here[col + 1] + below[col + 1]
            right = above[col + 2] + 2 * here[col + 2] + below[col + 2]
            known = remembered[row, col]
            remembered[row, col] = known - (known >> _FADES) + factor * (left + 2 * middle + right)


@compiled
def scale_context(around: Scalar, near: Scalar) -> Scalar:
    """The context of a code from the weighed sum of its neighbours' changes, up to `MOST` each."""
    scale: Scalar = (np.int64(NEAR_LOG[np.uintp(near)]) + np.int64(around)) >> _WIDTH_SHIFT
    if scale < 0:
        return 0
    return scale if scale < SCALES else SCALES - 1
