"""Joining of layers (strongly connected components) between which something goes that cannot cross a cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import TypeAlias

import onnx

from evosplit.shared.graph.topological_order import components, topological_order
from evosplit.shared.onnx_parts import node_makes, node_reads

_Layers: TypeAlias = Sequence[tuple[int, ...]]
_Edge: TypeAlias = tuple[int, int, str]


def joined_layers(
    nodes: Sequence[onnx.NodeProto], layers: _Layers, constants: Set[str], uncrossable: Set[str]
) -> list[tuple[int, ...]]:
    """Layers as positions of nodes, in execution order; no two of them share an ``uncrossable`` tensor.

    With an edge back along each of these a layer is a strongly connected component: it holds what lies on a
    way from one end to the other, too. ``constants`` are what nodes make that belong to every reader.
    """
    edges = _edges(nodes, layers, constants)
    back = [(reader, maker) for maker, reader, name in edges if name in uncrossable]
    label = components(_successors(len(layers), [*((edge[0], edge[1]) for edge in edges), *back]))
    held: dict[int, dict[int, None]] = {group: {} for group in sorted(label)}
    for group, layer in zip(label, layers, strict=True):
        held[group].update(dict.fromkeys(layer))
    joined = [tuple(positions) for positions in held.values()]
    pairs = [(maker, reader) for maker, reader, _ in _edges(nodes, joined, constants)]
    return [joined[group] for group in topological_order(_successors(len(joined), pairs))]


def _edges(nodes: Sequence[onnx.NodeProto], layers: _Layers, constants: Set[str]) -> list[_Edge]:
    """Maker, reader and name of each tensor that goes from one layer to another."""
    maker = {
        name: index
        for index, layer in enumerate(layers)
        for position in layer
        for name in node_makes(nodes[position])
        if name not in constants
    }
    return [
        (maker[name], index, name)
        for index, layer in enumerate(layers)
        for position in layer
        for name in node_reads(nodes[position])
        if maker.get(name, index) != index
    ]


def _successors(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    follows: list[list[int]] = [[] for _ in range(count)]
    for earlier, later in pairs:
        follows[earlier].append(later)
    return follows
