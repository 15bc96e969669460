"""Producers and consumers of the tensors of an ONNX model."""

from __future__ import annotations

from collections import defaultdict

import onnx
from onnx import numpy_helper

from evosplit.shared.onnx_parts import node_makes, node_reads


class Wiring:
    """Makers and readers by tensor name; weights and constants apart from activations."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.nodes = list(graph.node)
        self.weights = {tensor.name: tensor for tensor in graph.initializer}
        self.inputs = frozenset(value.name for value in graph.input)
        self.outputs = frozenset(value.name for value in graph.output)
        self.maker = {name: node for node in self.nodes for name in node_makes(node)}
        self.readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node_reads(node):
                self.readers[name].append(node)

    def scalar(self, name: str, otherwise: float) -> float:
        """The value of a constant operand; ``otherwise`` for an empty name, NaN for what is computed."""
        if not name:
            return otherwise
        tensor = self.weights.get(name)
        return float(numpy_helper.to_array(tensor).item()) if tensor is not None else float("nan")

    def is_inner(self, name: str) -> bool:
        """Whether a tensor has one reader and stays inside the model."""
        return len(self.readers[name]) == 1 and name not in self.outputs
