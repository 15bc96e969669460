"""Estimated entropy of codes from the size classes of their distances: how bytes fall with coarser codes.

A distance is told as its class (how many bits it has) and the bits within: classes are taken as independent
(order 0) and the bits as even. Contexts, bitmaps and heads make other bytes of it, by a factor that hardly
changes with the step.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

CLASSES: Final = 18
"""Distance 0, and those of 1 to 17 bits: differences of codes of 16 bits."""
Counts: TypeAlias = NDArray[np.int64]
Floats64: TypeAlias = NDArray[np.float64]


def size_classes(distances: NDArray[Any]) -> NDArray[np.int64]:
    """Bits of each distance's magnitude, of any shape: 0 for 0, 1 for 1, 2 for 2 and 3."""
    _, exponents = np.frexp(np.abs(distances).astype(np.float64))
    classes: NDArray[np.int64] = np.minimum(exponents, CLASSES - 1).astype(np.int64)
    return classes


def expected_bytes(counts: Counts) -> Floats64:
    """Bytes of codes by their ``counts``, (steps, CLASSES): (steps,)."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    bits = np.arange(CLASSES) - np.log2(np.where(counts > 0, shares, 1.0))
    expected: Floats64 = (counts * bits).sum(1) / 8
    return expected


def coarser_counts(histogram: Counts, factors: NDArray[np.float64]) -> Counts:
    """Counts, (factors, CLASSES), of distances divided by each factor and rounded.

    ``histogram`` is by distance, (distances,), from 0 on.
    """
    distances = np.arange(histogram.size)
    classes = size_classes(np.rint(distances[None] / factors[:, None]))
    places = classes + CLASSES * np.arange(factors.size)[:, None]
    weights = np.broadcast_to(histogram, classes.shape).reshape(-1)
    counts = np.bincount(places.reshape(-1), weights, CLASSES * factors.size)
    return counts.reshape(-1, CLASSES).astype(np.int64)


def coarser_noise(histogram: Counts, factors: NDArray[np.float64]) -> Floats64:
    """The sums of squared differences, (factors,), when distances become the nearest multiples."""
    distances = np.arange(histogram.size)
    multiples = np.rint(distances[None] / factors[:, None]) * factors[:, None]
    noise: Floats64 = (histogram * np.square(multiples - distances)).sum(1)
    return noise
