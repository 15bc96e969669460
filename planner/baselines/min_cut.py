"""Minimum cut of a small directed graph with whole-numbered capacities, exactly (Dinic's algorithm)."""

from __future__ import annotations

from collections import deque
from typing import Final

UNBOUNDED: Final = 1 << 80


class FlowGraph:
    """Nodes 0 .. count - 1 and arcs with capacities."""

    def __init__(self, count: int) -> None:
        self._arcs: list[list[int]] = [[] for _ in range(count)]
        self._to: list[int] = []
        self._left: list[int] = []

    def arc(self, tail: int, head: int, capacity: int) -> None:
        """Add an arc; arcs 2k and 2k + 1 are each other's reverse."""
        for start, end, size in ((tail, head, capacity), (head, tail, 0)):
            self._arcs[start].append(len(self._to))
            self._to.append(end)
            self._left.append(size)

    def source_side(self, source: int, sink: int) -> frozenset[int]:
        """The smallest set of nodes on the source's side of a minimum cut. Uses up the capacities."""
        while (levels := self._levels(source))[sink] >= 0:
            self._block(source, sink, levels)
        return frozenset(node for node, level in enumerate(self._levels(source)) if level >= 0)

    def _levels(self, source: int) -> list[int]:
        """Distance of every node from the source along arcs with capacity left; -1: out of reach."""
        levels = [-1] * len(self._arcs)
        levels[source] = 0
        queue = deque([source])
        while queue:
            node = queue.popleft()
            for arc in self._arcs[node]:
                if self._left[arc] and levels[self._to[arc]] < 0:
                    levels[self._to[arc]] = levels[node] + 1
                    queue.append(self._to[arc])
        return levels

    def _block(self, source: int, sink: int, levels: list[int]) -> None:
        """Push flow along shortest paths until none is left; no recursion, for networks are deep."""
        next_arc = [0] * len(self._arcs)
        path: list[int] = []
        node = source
        while True:
            if node == sink:
                self._push(path)
                path, node = [], source
            elif (arc := self._next(node, levels, next_arc)) is not None:
                path.append(arc)
                node = self._to[arc]
            elif path:
                node = self._to[path.pop() ^ 1]
                next_arc[node] += 1
            else:
                return

    def _next(self, node: int, levels: list[int], next_arc: list[int]) -> int | None:
        """The first arc that leads one level on; ``next_arc`` remembers those that no longer do."""
        arcs = self._arcs[node]
        while next_arc[node] < len(arcs):
            arc = arcs[next_arc[node]]
            if self._left[arc] and levels[self._to[arc]] == levels[node] + 1:
                return arc
            next_arc[node] += 1
        return None

    def _push(self, path: list[int]) -> None:
        size = min(self._left[arc] for arc in path)
        for arc in path:
            self._left[arc] -= size
            self._left[arc ^ 1] += size
