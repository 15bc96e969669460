"""Crossing minimisation: the order of nodes within their rows."""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from evosplit.library.plots.picture.rows import Node, Rows

_SWEEPS: Final = 8
_Neighbours = Mapping[Node, Sequence[Node]]


def ordered(drawn: Rows) -> Rows:
    """The same with every row sorted by the barycentres of its neighbours.

    Sweeps go down and up in turn; the order with the fewest crossings is kept. Deterministic.
    """
    above: defaultdict[Node, list[Node]] = defaultdict(list)
    below: defaultdict[Node, list[Node]] = defaultdict(list)
    for upper, lower, _ in drawn.lines:
        above[lower].append(upper)
        below[upper].append(lower)
    rows = best = list(drawn.rows)
    fewest = crossings(rows, below)
    for sweep in range(_SWEEPS):
        rows = _swept(rows, below if sweep % 2 else above, bool(sweep % 2))
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = rows, count
    return Rows(tuple(best), drawn.lines)


def crossings(rows: Sequence[Sequence[Node]], below: _Neighbours) -> int:
    """How many pairs of lines cross."""
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place = {node: index for index, node in enumerate(lower)}
        ends: list[int] = []
        for node in upper:
            ordered = sorted(place[other] for other in below.get(node, ()))
            total += sum(len(ends) - bisect.bisect_right(ends, index) for index in ordered)
            for index in ordered:
                bisect.insort(ends, index)
    return total


def _swept(rows: Sequence[tuple[Node, ...]], nearby: _Neighbours, upwards: bool) -> list[tuple[Node, ...]]:
    place: dict[Node, float] = {}
    ordered: list[tuple[Node, ...]] = []
    for row in reversed(rows) if upwards else rows:
        wanted = {node: _barycentre(nearby.get(node, ()), place, index) for index, node in enumerate(row)}
        ordered.append(tuple(sorted(row, key=wanted.__getitem__)))
        place |= {node: index for index, node in enumerate(ordered[-1])}
    return ordered[::-1] if upwards else ordered


def _barycentre(others: Iterable[Node], place: Mapping[Node, float], own: float) -> float:
    """The mean place of the neighbours; a node without any stays where it is."""
    known = [place[other] for other in others if other in place]
    return sum(known) / len(known) if known else own
