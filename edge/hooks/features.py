"""Feature extraction from a tensor: a few statistics per channel, as one short vector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.pooled import pooled


@dataclass(frozen=True)
class FeatureSpec:
    """Means over a ``grid`` x ``grid`` of cells per channel, and on request each channel's spread and peak.

    A tensor `(1, C, H, W)` has C channels, one of rank 3, `(1, T, C)`, has C channels of T values; where an
    axis is shorter than the grid, the cells are as many as the axis is long. Tensors of other ranks are read
    value by value.
    """

    grid: int = 4
    spread: bool = True
    peak: bool = True

    def of(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The features `(d,) float32` of a tensor with a batch of one; NaN where it is not finite."""
        if tensor.ndim not in (3, 4):
            return np.asarray(tensor, np.float32).reshape(-1)
        maps = _as_maps(tensor)
        channels = len(maps)
        cells = channels * self._cells(maps.shape)
        features = np.empty(cells + 2 * channels, np.float32)
        means, spread, peak = (
            features[:cells],
            features[cells : cells + channels],
            features[cells + channels :],
        )
        pooled(maps, means.reshape(channels, *self._grid(maps.shape)), spread, peak)
        if np.isnan(spread).any():
            return np.full(self.size(tensor.shape), np.nan, np.float32)
        wanted = [means, *([spread] if self.spread else []), *([peak] if self.peak else [])]
        return features if len(wanted) == 3 else np.concatenate(wanted)

    def size(self, shape: tuple[int, ...]) -> int:
        """Length of the features of a tensor of ``shape``, whose batch is one."""
        if len(shape) not in (3, 4):
            return math.prod(shape)
        maps = shape[1:] if len(shape) == 4 else (shape[2], shape[1], 1)
        return maps[0] * (self._cells(maps) + self.spread + self.peak)

    def _grid(self, maps: tuple[int, ...]) -> tuple[int, int]:
        return min(self.grid, maps[1]), min(self.grid, maps[2])

    def _cells(self, maps: tuple[int, ...]) -> int:
        return math.prod(self._grid(maps))


def _as_maps(tensor: NDArray[Any]) -> NDArray[np.float32]:
    """As `(C, H, W)`, contiguous."""
    maps = tensor[0] if tensor.ndim == 4 else tensor[0].T[:, :, None]
    return np.ascontiguousarray(maps, np.float32)
