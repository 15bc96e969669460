"""3x3 neighbourhoods of all channels, and their sums of products over inputs: what a linear fit needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

TAPS: Final = 9
"""Positions of a 3x3 neighbourhood, row by row."""
CENTRE: Final = 4
Floats32: TypeAlias = NDArray[np.float32]
Floats64: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over positions of features times features and of features times corrections.

    ``features`` is ``(9 C + 1, 9 C + 1)``, ``corrections`` ``(9 C + 1, C)``. Feature ``9 c + t`` is tap t of
    channel c; the last one is 1. ``positions`` counts the terms.
    """

    features: Floats64
    corrections: Floats64
    positions: int

    @property
    def channels(self) -> int:
        """C."""
        return int(self.corrections.shape[1])


def neighbourhoods(values: Floats32) -> Floats32:
    """The features at every position of ``(N, C, H, W)``: ``(N H W, 9 C + 1)``, zeros beyond the border."""
    count, channels, height, width = values.shape
    padded = np.pad(values, ((0, 0), (0, 0), (1, 1), (1, 1)))
    features = np.ones((count, height, width, TAPS * channels + 1), np.float32)
    for tap in range(TAPS):
        row, column = divmod(tap, 3)
        moved = padded[:, :, row : row + height, column : column + width]
        features[..., tap:-1:TAPS] = moved.transpose(0, 2, 3, 1)
    return features.reshape(count * height * width, -1)


def positions_of(values: Floats32) -> Floats32:
    """``(N, C, H, W)`` as ``(N H W, C)``."""
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1)).reshape(-1, values.shape[1])


def sums_over(pairs: Iterable[tuple[Floats32, Floats32]], channels: int) -> Sums:
    """Sums over pairs of decoded and float features, each ``(N, C, H, W)``; their difference is fitted.

    Products of one pair are added up in float32, pairs in float64.
    """
    width = TAPS * channels + 1
    features, corrections = np.zeros((width, width)), np.zeros((width, channels))
    positions = 0
    for decoded, right in pairs:
        rows = neighbourhoods(decoded)
        features += rows.T @ rows
        corrections += rows.T @ positions_of(right - decoded)
        positions += len(rows)
    return Sums(features, corrections, positions)


def merged(first: Sums, second: Sums) -> Sums:
    """Sums over both."""
    return Sums(
        first.features + second.features,
        first.corrections + second.corrections,
        first.positions + second.positions,
    )
