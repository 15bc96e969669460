"""Scan order of a tensor's codes: planes of rows, dealt out to interleaved coder states.

Neighbours to the left and above are contexts, so a tensor is looked at as planes of rows of columns. Several
states, each over planes of its own, are coded in turn: a processor works on all of them at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

LANES: Final = 4
"""States of a large tensor."""
ONE_LANE_BELOW: Final = 8192
"""Elements below which one state is enough: each one costs bytes."""


class Layout(NamedTuple):
    """``planes * rows * cols`` codes in C order; lane k codes planes ``k * planes // lanes`` and on."""

    planes: int
    rows: int
    cols: int
    lanes: int


def layout_of(shape: Sequence[int]) -> Layout:
    """The last two dimensions are rows and columns; with too few planes for all lanes, each is divided."""
    *outer, rows, cols = (1, 1, *shape)
    planes = math.prod(outer)
    if planes * rows * cols < ONE_LANE_BELOW:
        return Layout(planes, rows, cols, 1)
    if planes < LANES and rows % LANES == 0:
        planes, rows = planes * LANES, rows // LANES
    elif planes < LANES:
        planes, rows = planes * rows, 1
    if planes < LANES and cols % LANES == 0:
        planes, cols = planes * LANES, cols // LANES
    return Layout(planes, rows, cols, LANES if planes >= LANES else 1)
