"""Relative error of a network's output arrays: within floating-point noise, or how far from a tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
Floats: TypeAlias = NDArray[np.float64]

FLOAT_NOISE: Final = 1e-4
"""Two float runs of one network differ by at most this share of an output's largest magnitude.

Splits differ by 3e-6 from the whole network in float32; other processors add up in another order.
"""
TOLERANCE: Final = 0.01
"""An answer of values is kept whole up to this relative root mean square error: 40 dB."""


def equal_in_float(right: Outputs, answer: Outputs) -> bool:
    """Whether all outputs are those of one float network, up to `FLOAT_NOISE`; other types must be equal."""
    return all(name in answer and _equal(values, answer[name]) for name, values in right.items())


def values_headroom(right: NDArray[Any], answer: NDArray[Any]) -> float:
    """`TOLERANCE` over the relative root mean square error; of other types than float the share equal."""
    if right.shape != answer.shape:
        return 0.0
    if _equal(right, answer):
        return math.inf
    if right.dtype.kind != "f":
        return float(np.mean(right == answer))
    expected, actual = right.astype(np.float64), answer.astype(np.float64)
    return _headroom(expected, actual, _root_mean_square(expected))


def picture_headroom(right: NDArray[Any], answer: NDArray[Any], white: float) -> float:
    """As `values_headroom` for pictures, relative to white: 1 at 40 dB of peak signal to noise (PSNR)."""
    if right.shape != answer.shape:
        return 0.0
    expected, actual = (np.clip(values.astype(np.float64) / white, 0.0, 1.0) for values in (right, answer))
    return _headroom(expected, actual, 1.0)


def _headroom(expected: Floats, actual: Floats, signal: float) -> float:
    """0 where a value is not finite."""
    if not (np.isfinite(expected).all() and np.isfinite(actual).all()):
        return 0.0
    error = _root_mean_square(actual - expected)
    return TOLERANCE * signal / error if error else math.inf


def _equal(right: NDArray[Any], answer: NDArray[Any]) -> bool:
    if right.shape != answer.shape:
        return False
    if right.dtype.kind != "f":
        return bool(np.array_equal(right, answer))
    finite = np.isfinite(right)
    expected, actual = right[finite].astype(np.float64), answer[finite].astype(np.float64)
    if not np.array_equal(right[~finite], answer[~finite], equal_nan=True):
        return False
    return not expected.size or bool(np.abs(actual - expected).max() <= FLOAT_NOISE * np.abs(expected).max())


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
