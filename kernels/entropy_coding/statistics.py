"""Histogram of a tensor's codes, and what the coder makes of it: centre and scale of distances."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled

_DISTANCES: Final = abs(np.subtract.outer(np.arange(256), np.arange(256)))
"""Of each code from each other one."""


def histogram_of(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each code occurs, (256,)."""
    partial = np.zeros((4, 256), np.int64)
    _count_codes(codes, partial)
    histogram: NDArray[np.int64] = partial.sum(0)
    return histogram


def centre_of(histogram: NDArray[Any]) -> int:
    """The code that distances are counted from: the most frequent one."""
    return int(histogram.argmax())


def shift_of(histogram: NDArray[Any], centre: int) -> int:
    """What distances in contexts are divided by, as a power of two: the mean one becomes about a step."""
    mean = float(histogram.dot(_DISTANCES[centre, : histogram.size]) / histogram.sum())
    shift = 0
    while mean > 2:
        mean, shift = mean / 2, shift + 1
    return shift


@compiled
def _count_codes(codes: NDArray[np.uint8], histogram: NDArray[np.int64]) -> None:
    """How often each code occurs, into four partial sums at a time: (4, 256)."""
    whole = codes.size // 4
    for index in range(whole):
        for part in range(4):
            histogram[part, codes[4 * index + part]] += 1
    for index in range(4 * whole, codes.size):
        histogram[0, codes[index]] += 1
