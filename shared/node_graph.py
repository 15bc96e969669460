"""Producers and consumers of the tensors of an ONNX model, node by node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

import onnx

from evosplit.shared.onnx_parts import node_makes, node_reads


@dataclass(frozen=True, eq=False)
class NodeGraph:
    """The nodes of a model in its order; ``weights`` are its initialisers by name.

    Where layers are meant rather than nodes, see `evosplit.shared.graph.Graph`.
    """

    nodes: tuple[onnx.NodeProto, ...]
    inputs: frozenset[str]
    outputs: frozenset[str]
    weights: Mapping[str, onnx.TensorProto]

    @cached_property
    def producer(self) -> Mapping[str, int]:
        """Tensor -> the position of the node that makes it."""
        return {name: position for position, node in enumerate(self.nodes) for name in node_makes(node)}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[int, ...]]:
        """Tensor -> the positions of the nodes that read it, each once; only tensors that are read."""
        readers: dict[str, list[int]] = {}
        for position, node in enumerate(self.nodes):
            for name in node_reads(node):
                readers.setdefault(name, []).append(position)
        return {name: tuple(positions) for name, positions in readers.items()}

    def producing_node(self, name: str) -> onnx.NodeProto | None:
        """The node that makes a tensor; None for inputs, initialisers and unknown names."""
        position = self.producer.get(name)
        return None if position is None else self.nodes[position]

    def first_input(self, name: str) -> str:
        """What the node that makes a tensor reads first. Raises KeyError where no node does."""
        return str(self.nodes[self.producer[name]].input[0])

    def is_inner(self, name: str) -> bool:
        """Whether a tensor has one reader and stays inside the model."""
        return len(self.consumers.get(name, ())) == 1 and name not in self.outputs


def node_graph(model: onnx.ModelProto) -> NodeGraph:
    """The producers and consumers of a model."""
    graph = model.graph
    return NodeGraph(
        tuple(graph.node),
        frozenset(value.name for value in graph.input),
        frozenset(value.name for value in graph.output),
        {tensor.name: tensor for tensor in graph.initializer},
    )


def needed_nodes(nodes: Iterable[onnx.NodeProto], outputs: Set[str]) -> list[onnx.NodeProto]:
    """Dead-code elimination: of ``nodes`` in topological order those on which an output depends."""
    needed, kept = set(outputs), list[onnx.NodeProto]()
    for node in reversed(list(nodes)):
        if not needed.isdisjoint(node_makes(node)):
            kept.append(node)
            needed.update(node_reads(node))
    return kept[::-1]
