"""Graph partitioning of a head: the fewest parts with a border at every tensor that a hook reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

from evosplit.shared.graph import Cut, Graph
from evosplit.shared.split import edge_outputs, part_model


@dataclass(frozen=True)
class Part:
    """Layers that run as one piece. ``makes`` holds only what something outside the part needs."""

    layers: tuple[int, ...]
    reads: tuple[str, ...]
    makes: tuple[str, ...]

    def model(self, graph: Graph) -> onnx.ModelProto:
        """The part as an ONNX model, from ``reads`` to ``makes``."""
        return part_model(graph, self.layers, self.reads, self.makes)


def head_parts(graph: Graph, cut: Cut, borders: Iterable[str], watched: Iterable[str] = ()) -> list[Part]:
    """The cut's layers as consecutive parts, one more at most than there are different ``borders``.

    A border is a tensor of the head. The part before it holds just what it takes to compute that tensor
    (with its ancestors, a downward-closed set), so nothing is computed that an exit there does not need.
    Tensors that are ``watched`` are made available too, but cost no border.
    """
    order = sorted(dict.fromkeys(borders), key=lambda name: graph.producer.get(name, -1))
    sets = _growing(graph, cut, order)
    wanted = {*cut.boundary, *edge_outputs(graph, cut), *order, *watched}
    parts = [
        _part(graph, layers, wanted.union(*_read_by(graph, sets[after:])))
        for after, layers in enumerate(sets, 1)
    ]
    return _with_constants(graph, cut, parts)


def parts_before(graph: Graph, parts: Iterable[Part], tensor: str) -> int:
    """How many parts run before the tensor is there: 0 for an input of the model."""
    if tensor in graph.inputs:
        return 0
    return next(count for count, part in enumerate(parts, 1) if tensor in part.makes)


def available(graph: Graph, cut: Cut) -> frozenset[str]:
    """Every tensor that a hook may read in this head."""
    return frozenset(graph.inputs).union(*(graph.layers[index].outputs for index in cut.layers))


def _growing(graph: Graph, cut: Cut, order: Iterable[str]) -> list[tuple[int, ...]]:
    """What each border adds to the layers before it, and the rest of the cut."""
    done: set[int] = set()
    sets = []
    for layers in (*(_ancestors(graph, name) for name in order), set(cut.layers)):
        if fresh := layers - done:
            sets.append(tuple(sorted(fresh)))
            done |= fresh
    return sets


def _ancestors(graph: Graph, tensor: str) -> set[int]:
    """The layers that it takes to compute a tensor."""
    ancestors, pending = set[int](), [tensor]
    while pending:
        index = graph.producer.get(pending.pop(), -1)
        if index >= 0 and index not in ancestors:
            ancestors.add(index)
            pending.extend(graph.layers[index].inputs)
    return ancestors


def _part(graph: Graph, layers: tuple[int, ...], wanted: Iterable[str]) -> Part:
    made = dict.fromkeys(name for index in layers for name in graph.layers[index].outputs)
    read = dict.fromkeys(name for index in layers for name in graph.layers[index].inputs if name not in made)
    needed = set(wanted)
    return Part(layers, tuple(read), tuple(name for name in made if name in needed))


def _read_by(graph: Graph, sets: Iterable[tuple[int, ...]]) -> list[tuple[str, ...]]:
    return [graph.layers[index].inputs for layers in sets for index in layers]


def _with_constants(graph: Graph, cut: Cut, parts: list[Part]) -> list[Part]:
    """Outputs of the model that are initialisers: the last part hands them out."""
    there = available(graph, cut)
    constant = tuple(name for name in edge_outputs(graph, cut) if name not in there)
    if not constant:
        return parts
    last = parts.pop() if parts else Part((), (), ())
    return [*parts, Part(last.layers, last.reads, (*last.makes, *constant))]
