"""Coordinate assignment: rows wrapped into columns, nodes near their neighbours, none overlapping."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.library.plots.picture.order import ordered
from evosplit.library.plots.picture.rows import Node, Rows, rows_of
from evosplit.shared.graph import Graph
from evosplit.shared.isotonic import isotonic

BEND_WIDTH: Final = 0.25
"""What a line takes that passes between boxes; a box, with its margin, has width 1, a row has height 1."""
GUTTER: Final = 0.45
ROW_ASPECT: Final = 0.42
"""Height of a row by the width of a box."""
_PAGE_ASPECT: Final = 1.3
_MOST_COLUMNS: Final = 14
_PASSES: Final = 12


@dataclass(frozen=True)
class Place:
    """The middle of a node: x in box widths, y in rows from the top of its column."""

    column: int
    x: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Places of all nodes; the picture is ``width`` boxes wide and ``height`` rows high.

    ``gutters[c]`` is the x left of column c where lines from the column before come up.
    """

    drawn: Rows
    places: Mapping[Node, Place]
    gutters: tuple[float, ...]
    width: float
    height: float


def layout(graph: Graph) -> Layout:
    """Lay a network out. Every layer and every input has a place, and no two boxes overlap."""
    drawn = ordered(rows_of(graph))
    count = min(range(1, _MOST_COLUMNS + 1), key=lambda columns: _badness(drawn, columns))
    columns = _columns(drawn, count)
    places: dict[Node, Place] = {}
    gutters = []
    left = 0.0
    for number, rows in enumerate(columns):
        xs = _aligned(rows, drawn)
        low = min(xs[node] - _half(node) for row in rows for node in row)
        high = max(xs[node] + _half(node) for row in rows for node in row)
        gutters.append(left + GUTTER / 2)
        left += GUTTER
        for y, row in enumerate(rows):
            places |= {node: Place(number, xs[node] - low + left, y + 0.5) for node in row}
        left += high - low
    return Layout(drawn, places, tuple(gutters), left, max(len(rows) for rows in columns))


def _columns(drawn: Rows, count: int) -> list[Sequence[tuple[Node, ...]]]:
    height = math.ceil(len(drawn.rows) / count)
    return [drawn.rows[start : start + height] for start in range(0, len(drawn.rows), height)]


def _badness(drawn: Rows, count: int) -> float:
    """How far the page would be from its wanted shape, as a logarithm."""
    columns = _columns(drawn, count)
    width = sum(GUTTER + max(sum(2 * _half(node) for node in row) for row in rows) for rows in columns)
    height = ROW_ASPECT * max(len(rows) for rows in columns)
    return abs(math.log(width / height / _PAGE_ASPECT))


def _aligned(rows: Sequence[tuple[Node, ...]], drawn: Rows) -> dict[Node, float]:
    """X of a column's nodes: each row in turn moves as near to its neighbours as order and widths allow."""
    near: defaultdict[Node, list[Node]] = defaultdict(list)
    for upper, lower, _ in drawn.lines:
        near[upper].append(lower)
        near[lower].append(upper)
    xs: dict[Node, float] = {}
    for row in rows:
        xs |= zip(row, _spaced(row, [0.0] * len(row)), strict=True)
    for turn in range(_PASSES):
        for row in rows[::-1] if turn % 2 else rows:
            wanted = [_mean([xs[other] for other in near[node] if other in xs], xs[node]) for node in row]
            xs |= zip(row, _spaced(row, wanted), strict=True)
    return xs


def _spaced(row: Sequence[Node], wanted: Sequence[float]) -> list[float]:
    """The nearest positions that keep order and distance: isotonic once the widths are taken off."""
    apart = [0.0, *(_half(left) + _half(right) for left, right in itertools.pairwise(row))]
    offsets = list(itertools.accumulate(apart))
    fitted = isotonic([want - offset for want, offset in zip(wanted, offsets, strict=True)])
    return [value + offset for value, offset in zip(fitted, offsets, strict=True)]


def _half(node: Node) -> float:
    return (BEND_WIDTH if node.is_bend else 1.0) / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
