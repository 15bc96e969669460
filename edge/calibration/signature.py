"""Near-duplicate detection: block means of a network's inputs, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.reduced import Reduction

BLOCKS: Final = 16
"""About so many blocks per side of a picture, and `BLOCKS` squared in other tensors."""
SAME: Final = 0.1
"""Two inputs are one and the same where no block differs by this share of the blocks' spread.

A sensor's noise of 2 % of the range, averaged over a block of 14 x 14 positions, is below a tenth of that.
"""

Signature = NDArray[np.float32]


def signature(feeds: Mapping[str, NDArray[Any]]) -> Signature | None:
    """Means (blocks,) of all inputs, one input after the other; None where a value is not finite."""
    means = np.concatenate([_means(array) for _, array in sorted(feeds.items())])
    return means if np.isfinite(means).all() else None


def is_known(means: Signature, kept: NDArray[np.float32]) -> bool:
    """Whether one of ``kept`` (n, blocks) is the same but for noise."""
    if not len(kept):
        return False
    wide = means.astype(np.float64)  # the square of a large float32 is none
    spread = max(float(np.std(wide)), float(np.finfo(np.float32).tiny))
    return bool((np.abs(kept - wide).max(axis=1) <= SAME * spread).any())


def _means(array: NDArray[Any]) -> Signature:
    if array.ndim == 4 and array.dtype.kind in "fiu":
        side = max(array.shape[2], array.shape[1] if array.shape[3] <= 4 else array.shape[3])
        reduced = Reduction(max(1, side // BLOCKS)).of(array)
        return np.full(1, np.nan, np.float32) if reduced is None else reduced.reshape(-1)
    flat = np.asarray(array, np.float32).reshape(-1)
    starts = np.unique(np.linspace(0, max(flat.size - 1, 0), min(flat.size, BLOCKS**2)).astype(np.int64))
    if not flat.size:
        return flat
    lengths = np.diff(np.append(starts, flat.size))
    return np.asarray(np.add.reduceat(flat, starts, dtype=np.float64) / lengths, np.float32)
