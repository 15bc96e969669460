"""Anchor boxes that the Ultra-Light-Fast face detector was trained with (its box_utils.py)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SIDES: Final = {8: (10, 16, 24), 16: (32, 48), 32: (64, 96), 64: (128, 192, 256)}
"""Sides of the square anchors in pixels, by stride."""


def anchor_count(size: tuple[int, int]) -> int:
    """How many anchors an input of ``size`` (height, width) has."""
    return sum(
        math.ceil(size[0] / stride) * math.ceil(size[1] / stride) * len(sides)
        for stride, sides in _SIDES.items()
    )


def anchors(size: tuple[int, int]) -> NDArray[np.float32]:
    """``(n, 4) float32``: centre x, y, width, height in 0..1, row by row, finest stride first."""
    return np.concatenate([_level(size, stride, sides) for stride, sides in _SIDES.items()])


def _level(size: tuple[int, int], stride: int, sides: tuple[int, ...]) -> NDArray[np.float32]:
    height, width = size
    y, x, side = np.meshgrid(
        np.arange(math.ceil(height / stride)), np.arange(math.ceil(width / stride)), sides, indexing="ij"
    )
    # Centres are divided by the exact number of cells, size / stride, even where that is not whole.
    columns = [(x + 0.5) * stride / width, (y + 0.5) * stride / height, side / width, side / height]
    return np.clip(np.stack([column.ravel() for column in columns], axis=1), 0, 1).astype(np.float32)
