"""Percentile calibration: a fixed share of the values is clipped at either end (arXiv 2004.09602)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.clipping.samples import unit_samples

PERCENT: Final = 99.99
"""Of the values that are not zero, how many stay below the range's upper end; as many above its lower one."""


def percentile_range(values: NDArray[np.float32], low: float, high: float, bits: int) -> tuple[float, float]:
    """Percentiles 0.01 and 99.99 of the samples (n,), zeros left out, widened to hold zero.

    Zeros have an exact code in every range; counted, those of a ReLU would only move the percentile.
    """
    reach = max(-low, high)
    told = unit_samples(values, reach)
    if not told.size:
        return low, high
    ends = np.percentile(told, (100 - PERCENT, PERCENT)) * reach
    return max(low, min(0.0, float(ends[0]))), min(high, max(0.0, float(ends[1])))
