"""MSE calibration: the clip range of least mean squared error, found by a small search."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.clipping.samples import unit_samples

_BINS: Final = 1024
_RATIOS: Final = np.linspace(1.0, 0.05, 20)

Floats = NDArray[np.float64]


def mse_range(values: NDArray[np.float32], low: float, high: float, bits: int) -> tuple[float, float]:
    """The range r * (low, high), r in 1.0, 0.95 .. 0.05, whose ``bits``-bit affine codes err least.

    ``values`` (n,) are samples; ``low`` <= 0 <= ``high`` the ends of all values. The error of each r is
    taken over a histogram of the samples, zeros left out, since every range has an exact code for zero.
    """
    reach = max(-low, high)
    told = unit_samples(values, reach)
    if not told.size:
        return low, high
    unit_low, unit_high = low / reach, high / reach
    counts, edges = np.histogram(told, bins=_BINS, range=(unit_low, unit_high))
    centres = (edges[:-1] + edges[1:]) / 2
    best = _RATIOS[int(np.argmin(_errors(centres, counts, unit_low, unit_high, bits)))]
    return float(best * low), float(best * high)


def _errors(centres: Floats, counts: NDArray[np.int64], low: float, high: float, bits: int) -> Floats:
    """Sum of squared errors for every ratio: (ratios,)."""
    top = 2**bits - 1
    scale = (_RATIOS * (high - low) / top)[:, None]
    zero = np.round(-_RATIOS[:, None] * low / scale)
    codes = np.clip(np.round(centres / scale) + zero, 0, top)
    return np.asarray(np.square((codes - zero) * scale - centres) @ counts)
