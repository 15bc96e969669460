"""Relative error of a network's output arrays: within floating-point noise, or how far beyond a tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Outputs: TypeAlias = Mapping[str, NDArray[Any]]

FLOAT_NOISE: Final = 1e-4
"""Two float runs of one network differ by at most this share of an output's largest magnitude.

Splits differ by 3e-6 from the whole network in float32; other processors add up in another order.
"""
TOLERANCE: Final = 0.01
"""An output is kept whole up to this root mean square error, relative to its own: 40 dB."""


def equal_in_float(right: Outputs, found: Outputs) -> bool:
    """Whether all outputs are those of one float network, up to `FLOAT_NOISE`; other types must be equal."""
    return all(name in found and _equal(values, found[name]) for name, values in right.items())


def values_kept(right: NDArray[Any], found: NDArray[Any]) -> float:
    """0 to 1: of floats 1 up to `TOLERANCE`, then tolerance over error; of other types the share equal."""
    if right.shape != found.shape:
        return 0.0
    if not right.size or _equal(right, found):
        return 1.0
    if right.dtype.kind != "f":
        return float(np.mean(right == found))
    if not (np.isfinite(right).all() and np.isfinite(found).all()):
        return 0.0
    one, other = right.astype(np.float64), found.astype(np.float64)
    return within_tolerance(_root_mean_square(other - one), _root_mean_square(one))


def picture_kept(right: NDArray[Any], found: NDArray[Any], white: float) -> float:
    """As `values_kept` for pictures, relative to white: 1 from 40 dB of peak signal to noise (PSNR) on."""
    if right.shape != found.shape:
        return 0.0
    one, other = (np.clip(values.astype(np.float64) / white, 0.0, 1.0) for values in (right, found))
    return within_tolerance(_root_mean_square(other - one), 1.0)


def within_tolerance(error: float, signal: float) -> float:
    """1 where the error is at most `TOLERANCE` of the signal, else tolerance over error; 0 where not finite."""
    if not (np.isfinite(error) and np.isfinite(signal)):
        return 0.0
    return 1.0 if error <= TOLERANCE * signal else TOLERANCE * signal / error


def _equal(right: NDArray[Any], found: NDArray[Any]) -> bool:
    if right.shape != found.shape:
        return False
    if right.dtype.kind != "f":
        return bool(np.array_equal(right, found))
    finite = np.isfinite(right)
    one, other = right[finite].astype(np.float64), found[finite].astype(np.float64)
    if not np.array_equal(right[~finite], found[~finite], equal_nan=True):
        return False
    return not one.size or bool(np.abs(other - one).max() <= FLOAT_NOISE * np.abs(one).max())


def _root_mean_square(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
