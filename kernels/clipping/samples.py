"""Normalisation of samples, so that no arithmetic on them underflows or overflows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def unit_samples(values: NDArray[np.float32], reach: float) -> Floats:
    """The samples (n,) that are not zero, divided by ``reach``: within -1 and 1, in float64.

    ``reach`` is the greatest magnitude of all values; none are left where it is zero. Subnormal float32
    (1.4e-43, say) have too few bits for the edges of a histogram, and squares of 3e38 overflow.
    """
    told = values[values != 0].astype(np.float64)
    return np.asarray(told / reach) if reach > 0 else told[:0]
