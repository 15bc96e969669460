"""Topological order, and strongly connected components (Kosaraju), of graphs given by successor lists.

Both are loops, not recursions: a network has thousands of layers in a row.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from evosplit.shared.errors import ModelError

Successors = Sequence[Sequence[int]]


def topological_order(follows: Successors) -> list[int]:
    """Every vertex after those that it follows (Kahn); of those that are ready the lowest number goes first.

    An order that is topological already stays as it is. Raises ModelError for a cycle.
    """
    waits = [0] * len(follows)
    for later in follows:
        for vertex in set(later):
            waits[vertex] += 1
    ready = [vertex for vertex, count in enumerate(waits) if not count]
    order: list[int] = []
    while ready:
        order.append(heapq.heappop(ready))
        for vertex in set(follows[order[-1]]):
            waits[vertex] -= 1
            if not waits[vertex]:
                heapq.heappush(ready, vertex)
    if len(order) < len(follows):
        raise ModelError("its nodes need each other's outputs in a circle")
    return order


def components(follows: Successors) -> list[int]:
    """For each vertex the lowest number among those that it reaches and that reach it."""
    before: list[list[int]] = [[] for _ in follows]
    for vertex, later in enumerate(follows):
        for other in later:
            before[other].append(vertex)
    label = [-1] * len(follows)
    for root in reversed(_post_order(follows)):
        members = _flooded(before, root, label)
        lowest = min(members, default=root)
        for vertex in members:
            label[vertex] = lowest
    return label


def _post_order(follows: Successors) -> list[int]:
    """Vertices in the order in which a depth-first search leaves them."""
    seen, left = set[int](), list[int]()
    for root in range(len(follows)):
        path: list[tuple[int, Iterator[int]]] = [] if root in seen else [(root, iter(follows[root]))]
        seen.add(root)
        while path:
            _, rest = path[-1]
            fresh = next((other for other in rest if other not in seen), None)
            if fresh is None:
                left.append(path.pop()[0])
            else:
                seen.add(fresh)
                path.append((fresh, iter(follows[fresh])))
    return left


def _flooded(before: Successors, root: int, label: Sequence[int]) -> list[int]:
    """What reaches the root and belongs to no component yet; nothing where the root does."""
    members, pending = dict[int, None](), [root] if label[root] < 0 else []
    while pending:
        vertex = pending.pop()
        members[vertex] = None
        pending += [other for other in before[vertex] if label[other] < 0 and other not in members]
    return list(members)
