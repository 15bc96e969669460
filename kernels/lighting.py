"""Illumination-invariant difference of two small pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled

Planes = NDArray[np.float32]


@compiled
def largest_change(old: Planes, new: Planes, least_gain: float, most_gain: float) -> float:
    """The largest ``abs(new - (gain * old + offset))``; both `(C, n) float32`, finite, n > 0.

    Gain and offset are per channel, by least squares over all values, then over the half of them (and those
    as near as its worst) that fits best. A gain beyond its limits is cut off; that of equal values is 1.
    """
    channels, count = old.shape
    worst = 0.0
    gaps = np.empty(count)
    for c in range(channels):
        limit = np.inf
        gaps[:] = 0
        for _ in range(2):
            kept, old_sum, new_sum = 0, 0.0, 0.0
            for i in range(count):
                if gaps[i] <= limit:
                    kept += 1
                    old_sum += old[c, i]
                    new_sum += new[c, i]
            old_mean, new_mean = old_sum / kept, new_sum / kept
            spread, together = 0.0, 0.0
            for i in range(count):
                if gaps[i] <= limit:
                    off = old[c, i] - old_mean
                    spread += off * off
                    together += off * (new[c, i] - new_mean)
            gain = together / spread if spread > 0 else 1.0
            gain = min(max(gain, least_gain), most_gain)
            for i in range(count):
                gaps[i] = abs(new[c, i] - new_mean - gain * (old[c, i] - old_mean))
            limit = np.partition(gaps, count // 2)[count // 2]
        worst = max(worst, gaps.max())
    return worst
