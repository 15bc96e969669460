"""Affine quantisation parameters (Jacob et al. 2018): scales and zero points from ranges.

value = (code - zero_point) * scale, with code = round_half_even(value * (1 / scale)) + zero_point, cut off
at 0 and 2**bits - 1; all in float32. Ranges are widened to include zero, and zero points are whole, so that
zero is always exact and no value of the range is off by more than half a scale.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.wire.frame import LARGEST_FLOAT, SMALLEST_SCALE

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Affine:
    """Scales and zero points, (channels,) float32 each; zero points are whole numbers."""

    scales: Floats
    zeros: Floats

    @functools.cached_property
    def inverses(self) -> Floats:
        """What the encoder multiplies by, (channels,) float32."""
        inverses: Floats = np.float32(1) / self.scales
        return inverses


def choose_affine(low: ArrayLike, high: ArrayLike, bits: int) -> Affine:
    """The affine map of ``bits`` bits over ranges ``low`` to ``high``, scalars or (channels,).

    A range of zero width gets scale 1; one that is narrower than a normal float32 can divide is flattened
    to zero; one wider than float32 itself is cut. Raises InputError for a range that is not finite.
    """
    lows = np.minimum(np.atleast_1d(np.asarray(low, np.float64)), 0.0)
    highs = np.maximum(np.atleast_1d(np.asarray(high, np.float64)), 0.0)
    if not (np.isfinite(lows).all() and np.isfinite(highs).all()):
        raise InputError("NaN or infinity has no code")
    top = 2**bits - 1
    spans = np.clip(highs, 0.0, LARGEST_FLOAT) - np.clip(lows, -LARGEST_FLOAT, 0.0)
    scales = np.maximum(np.where(spans > 0, spans / top, 1.0), SMALLEST_SCALE).astype(np.float32)
    zeros = np.clip(np.rint(-lows / scales), 0, top).astype(np.float32)
    return Affine(_below_overflow(scales, np.maximum(zeros, top - zeros)), zeros)


def _below_overflow(scales: Floats, steps: Floats) -> Floats:
    """Scales whose outermost code, ``steps`` away from zero, is still a finite float32."""
    limits = (LARGEST_FLOAT / steps.astype(np.float64)).astype(np.float32)
    rounded_up = limits.astype(np.float64) * steps > LARGEST_FLOAT
    limits = np.where(rounded_up, np.nextafter(limits, np.float32(0)), limits)
    return np.minimum(scales, limits)


def channels_of(shape: tuple[int, ...], axis: int | None) -> tuple[int, int]:
    """Channels along ``axis`` and elements in a row of one channel; 1 and any number when axis is None."""
    if axis is None:
        return 1, 1
    inner: Any = np.prod(shape[axis + 1 :], dtype=np.int64)
    return shape[axis], max(int(inner), 1)
