"""A picture reduced to block means, and how much of it changed, whatever the light and the sensor did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kernels.block_means import block_means

Floats = NDArray[np.float32]

LEAST_GAIN: Final = 0.8
MOST_GAIN: Final = 1.25
"""A fitted gain outside is no slow light: it is cut off, and what is left counts as change."""


@dataclass(frozen=True)
class Reduction:
    """How a model input is reduced. ``region`` is (top, left, bottom, right), shares of height and width.

    Larger ``block``, in positions, average more noise away and see smaller changes less.
    """

    block: int = 8
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        top, left, bottom, right = self.region
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
        top, left, bottom, right = self.region
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
    old = before.reshape(len(before), -1).astype(np.float64)
    new = now.reshape(len(now), -1).astype(np.float64)
    gap = np.abs(new - _relit(old, new, np.ones_like(old)))
    middle = gap.shape[1] // 2
    kept = gap <= np.partition(gap, middle, axis=1)[:, middle : middle + 1]
    return float(np.abs(new - _relit(old, new, kept.astype(np.float64))).max())


def _relit(old: NDArray[np.float64], new: NDArray[np.float64], weight: NDArray[np.float64]) -> Any:  # noqa: ANN401
    """``old`` `(C, n)` in the light of ``new``: gain and offset per channel, weighted least squares."""
    weight = weight / weight.sum(1, keepdims=True)
    old_mean, new_mean = (weight * old).sum(1, keepdims=True), (weight * new).sum(1, keepdims=True)
    centred = old - old_mean
    spread = (weight * centred**2).sum(1, keepdims=True)
    together = (weight * centred * (new - new_mean)).sum(1, keepdims=True)
    gain = np.divide(together, spread, out=np.ones_like(spread), where=spread > 0)
    return new_mean + np.clip(gain, LEAST_GAIN, MOST_GAIN) * centred
