"""Layer assignment: a network as rows of nodes whose lines only ever join neighbouring rows."""

from __future__ import annotations

from dataclasses import dataclass

from evosplit.shared.graph import Graph


@dataclass(frozen=True)
class Node:
    """A box or a bend. ``layer`` is set for layers, ``tensor`` for inputs of the model and for bends."""

    layer: int | None = None
    tensor: str = ""
    row: int = 0

    @property
    def is_bend(self) -> bool:
        """A point that a line passes on its way to a row further down."""
        return self.layer is None and self.row > 0


@dataclass(frozen=True)
class Rows:
    """``rows`` from top to bottom; ``lines`` are (upper node, lower node, tensor) of neighbouring rows."""

    rows: tuple[tuple[Node, ...], ...]
    lines: tuple[tuple[Node, Node, str], ...]


def rows_of(graph: Graph) -> Rows:
    """Each layer as far down as its longest path from an input says; inputs in row 0.

    A tensor that skips rows passes one bend in each of them, which all its readers share.
    """
    rank = _ranks(graph)
    makers: dict[str, Node] = {name: Node(None, name, 0) for name in graph.inputs}
    boxes = {layer.index: Node(layer.index, layer.name, rank[layer.index]) for layer in graph.layers}
    nodes = [*makers.values(), *boxes.values()]
    makers |= {name: boxes[layer.index] for layer in graph.layers for name in layer.outputs}
    lines: dict[tuple[Node, Node, str], None] = {}
    for layer in graph.layers:
        for name in dict.fromkeys(layer.inputs):
            upper = makers[name]
            for row in range(upper.row + 1, rank[layer.index]):
                bend = Node(None, name, row)
                lines[upper, bend, name] = None
                upper = bend
            lines[upper, boxes[layer.index], name] = None
    nodes += dict.fromkeys(lower for _, lower, _ in lines if lower.is_bend)
    height = 1 + max(node.row for node in nodes)
    rows = tuple(tuple(node for node in nodes if node.row == row) for row in range(height))
    return Rows(rows, tuple(lines))


def _ranks(graph: Graph) -> dict[int, int]:
    """Layer -> one more than the deepest layer that it reads from; layers that read nothing come first."""
    depth = dict.fromkeys(graph.inputs, 0)
    rank = {}
    for layer in graph.layers:
        rank[layer.index] = 1 + max((depth[name] for name in layer.inputs), default=0)
        depth |= dict.fromkeys(layer.outputs, rank[layer.index])
    return rank
