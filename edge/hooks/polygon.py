"""Rasterisation of a polygon: which cells of a grid it touches."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = tuple[tuple[float, float], ...]
"""Corners in order, (x, y) as shares of width and height, from the top left."""
_Corner: TypeAlias = NDArray[np.float64]


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """The corners of an upright rectangle, in shares of width and height."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def covered(points: Points, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask `(rows, columns)` of the cells inside the polygon or on its edges; the last point joins the first.

    A polygon that crosses itself holds what its outline goes around an odd number of times. Raises ValueError
    for fewer than three points, and for one outside 0 .. 1.
    """
    if len(points) < 3 or not all(0 <= share <= 1 for point in points for share in point):
        raise ValueError("a polygon has at least three points, with x and y from 0 to 1")
    rows, columns = size
    scaled = np.array(points, np.float64) * (columns, rows)
    ends = list(zip(scaled, np.roll(scaled, -1, axis=0), strict=True))
    mask = _inside(ends, size)
    for start, end in ends:
        mask |= _touched(start, end, size)
    return mask


def _inside(ends: list[tuple[_Corner, _Corner]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells whose middle lies inside: a ray to the right crosses an odd number of edges."""
    y, x = np.arange(size[0])[:, None] + 0.5, np.arange(size[1])[None] + 0.5
    odd = np.zeros(size, np.bool_)
    for (x0, y0), (x1, y1) in ends:
        spans = ((y0 <= y) != (y1 <= y))[:, 0]
        odd[spans] ^= x < x0 + (y[spans] - y0) / (y1 - y0) * (x1 - x0)
    return odd


def _touched(start: _Corner, end: _Corner, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells that an edge runs through: it is walked in steps of a quarter of a cell."""
    steps = int(np.ceil(4 * np.abs(end - start).max())) + 1
    walked = start + np.linspace(0, 1, steps + 1)[:, None] * (end - start)
    mask = np.zeros(size, np.bool_)
    cells = np.minimum(walked.astype(np.int64), (size[1] - 1, size[0] - 1))
    mask[cells[:, 1], cells[:, 0]] = True
    return mask
