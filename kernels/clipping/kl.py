"""KL-divergence calibration of a clip threshold, as TensorRT does it (Migacz, GTC 2017).

P is the histogram of magnitudes below a threshold, with all that lies above it added to P's last bin. Q is
the histogram (without what lies above) merged into as many groups as there are codes for magnitudes, and
spread evenly again over the bins of each group that hold anything. The threshold with the least
KL(P || Q) = sum p log(p / q) wins.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.clipping.samples import unit_samples

BINS: Final = 2048
_CANDIDATES: Final = 128
_LEAST: Final = 1e-9
"""Stands for an empty bin of Q where P has something; without it one lone value would decide everything."""

Floats = NDArray[np.float64]


def kl_range(values: NDArray[np.float32], low: float, high: float, bits: int) -> tuple[float, float]:
    """``(low, high)`` clipped to -T and T, T the threshold of least divergence.

    ``values`` (n,) are samples, finite, zeros left out, since every range has an exact code for zero.
    """
    reach = max(-low, high)
    told = unit_samples(values, reach)
    if not told.size:
        return low, high
    counts, edges = np.histogram(np.abs(told), bins=BINS, range=(0.0, 1.0))
    levels = 2 ** (bits - 1) if low < 0 < high else 2**bits
    candidates = np.unique(np.linspace(max(levels, BINS // _CANDIDATES), BINS, _CANDIDATES).astype(int))
    divergences = [divergence(counts.astype(np.float64), int(stop), levels) for stop in candidates]
    threshold = float(edges[candidates[int(np.argmin(divergences))]]) * reach
    return max(low, -threshold), min(high, threshold)


def divergence(counts: Floats, stop: int, levels: int) -> float:
    """KL(P || Q) in nats for a threshold behind the first ``stop`` bins of ``counts`` (bins,)."""
    inside = counts[:stop]
    if not inside.any():
        return math.inf
    reference = inside.copy()
    reference[-1] += counts[stop:].sum()
    merged = _merged(inside, levels)
    p, q = reference / reference.sum(), merged / merged.sum()
    held = p > 0
    return float(np.sum(p[held] * np.log(p[held] / np.maximum(q[held], _LEAST))))


def _merged(counts: Floats, levels: int) -> Floats:
    """``counts`` in ``levels`` groups, each spread evenly over those of its bins that are not empty."""
    starts = np.arange(levels) * len(counts) // levels
    sums = np.add.reduceat(counts, starts)
    held = np.add.reduceat((counts > 0).astype(np.float64), starts)
    means = np.divide(sums, held, out=np.zeros(levels), where=held > 0)
    spread = np.repeat(means, np.diff(np.append(starts, len(counts))))
    return np.where(counts > 0, spread, 0.0)
