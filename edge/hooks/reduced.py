"""Reduced pictures (block means), and how much of them changed, whatever the light and the sensor did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.block_means import block_means
from evosplit.kernels.lighting import largest_change

Floats = NDArray[np.float32]

LEAST_GAIN: Final = 0.8
MOST_GAIN: Final = 1.25
"""A fitted gain outside is no slow light: it is cut off, and what is left counts as change."""


@dataclass(frozen=True)
class Reduction:
    """How a model input is reduced. ``region`` is (left, top, right, bottom), shares of width and height.

    Larger ``block``, in positions, average more noise away and see smaller changes less.
    """

    block: int = 8
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        left, top, right, bottom = self.region
        if self.block < 1 or not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
            raise ValueError(f"no region {self.region} with blocks of {self.block}")

    def of(self, tensor: NDArray[Any]) -> Floats | None:
        """Block means `(C, rows, columns) float32` of the region of a tensor with a batch of one.

        None for what is no picture (rank 4, channels first or last) and for values that are not finite.
        """
        if tensor.ndim != 4 or 0 in tensor.shape:
            return None
        maps = tensor[0]
        if maps.shape[2] <= 4 < maps.shape[0]:
            maps = maps.transpose(2, 0, 1)
        means = block_means(np.asarray(self._cut(maps), np.float32), self.block)
        return means if np.isfinite(means).all() else None

    def _cut(self, maps: NDArray[Any]) -> NDArray[Any]:
        """At least one position of each axis, whatever the rounding."""
        height, width = maps.shape[1:]
        left, top, right, bottom = self.region
        first, start = min(int(top * height), height - 1), min(int(left * width), width - 1)
        last, stop = max(round(bottom * height), first + 1), max(round(right * width), start + 1)
        return maps[:, first:last, start:stop]


def change(before: Floats, now: Floats) -> float:
    """The largest change of a block, in units of the values, once each channel's gain and offset are undone.

    Both `(C, rows, columns) float32`, finite. Gain and offset are fitted by least squares, then again on the
    half of the blocks that fits best, so that what moved does not pull them. Infinite for another shape.
    """
    if before.shape != now.shape:
        return float("inf")
    channels = len(before)
    if not before.size:
        return 0.0
    return largest_change(before.reshape(channels, -1), now.reshape(channels, -1), LEAST_GAIN, MOST_GAIN)
