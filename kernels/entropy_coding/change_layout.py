"""Scan order of changes: planes of rows, with bands of rows dealt out to interleaved coder states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from evosplit.kernels.entropy_coding.layout import LANES, ONE_LANE_BELOW


class Bands(NamedTuple):
    """``planes * rows * cols`` codes; of each plane, lane k codes the rows from ``k * rows / lanes`` on."""

    planes: int
    rows: int
    cols: int
    lanes: int


def bands_of(shape: Sequence[int]) -> Bands:
    """The last two dimensions are rows and columns; one lane for few codes, or rows not divided by 4."""
    *outer, rows, cols = (1, 1, *shape)
    planes = math.prod(outer)
    divides = rows % LANES == 0 and planes * rows * cols >= ONE_LANE_BELOW
    return Bands(planes, rows, cols, LANES if divides else 1)
