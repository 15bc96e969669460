"""Layer fusion: a node, the weights then added to it, and the activation after it are one layer.

A node that reads nothing but weights (what dequantises them) belongs to every layer that reads what it makes.
Nodes that hand each other what cannot cross a cut (strings, sequences, maps) are one layer, too.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import onnx

from evosplit.shared.graph.layer_joining import joined_layers
from evosplit.shared.node_graph import NodeGraph, node_graph
from evosplit.shared.onnx_parts import node_makes, node_reads

_AFFINE: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization")
"""What is multiplied with weights or added to them after these is of the same layer, as a bias is."""
_GATES: Final = ("Sigmoid", "HardSigmoid")
_ACTIVATIONS: Final = (
    *("Relu", "Clip", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Gelu", "Mish"),
    *("Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Softsign", "Swish"),
)


def layer_nodes(model: onnx.ModelProto, uncrossable: Set[str] = frozenset()) -> list[tuple[int, ...]]:
    """Positions of the nodes of each layer, in execution order; those that dequantise weights come last.

    A node joins the layer before it only when nobody else reads what lies between and everything else that
    it reads is a weight, so a layer can run whole at the place of its first node. Layers between which an
    ``uncrossable`` tensor goes become one, with whatever lies on a way from one to the other.
    """
    constants = _constant_nodes(model)
    graph = node_graph(model)
    fusion = _Fusion(graph, frozenset(constants).union(graph.weights))
    taken: set[int] = set(constants.values())
    layers = []
    for position in range(len(graph.nodes)):
        if position not in taken:
            grown = fusion.grown(position)
            read = (name for member in grown for name in node_reads(graph.nodes[member]))
            layers.append((*grown, *dict.fromkeys(constants[name] for name in read if name in constants)))
            taken.update(grown)
    return joined_layers(graph.nodes, layers, constants.keys(), uncrossable) if uncrossable else layers


def _constant_nodes(model: onnx.ModelProto) -> dict[str, int]:
    """What nodes make that read weights alone, and where these nodes are; an output of the model is none."""
    weights = {tensor.name for tensor in model.graph.initializer}
    outputs = {value.name for value in model.graph.output}
    return {
        name: position
        for position, node in enumerate(model.graph.node)
        if weights.issuperset(node_reads(node)) and node.op_type == "DequantizeLinear"
        for name in node_makes(node)
        if name not in outputs
    }


@dataclass(frozen=True)
class _Fusion:
    """Grows layers node by node. ``weights`` are initialisers, and what is made of them alone."""

    graph: NodeGraph
    weights: frozenset[str]

    def grown(self, first: int) -> tuple[int, ...]:
        layer: tuple[int, ...] = (first,)
        operator = self.graph.nodes[first].op_type
        if operator in _AFFINE:
            while following := self._next(layer[-1], ("Add", "Mul")):
                layer += following
        if operator not in _ACTIVATIONS:
            layer += self._swish(layer[-1]) or self._next(layer[-1], _ACTIVATIONS)
        return layer

    def _next(self, position: int, operators: tuple[str, ...]) -> tuple[int, ...]:
        """The only reader of what ``position`` makes, if it is one of ``operators`` and adds only weights."""
        name = self._inner(position)
        readers = self.graph.consumers.get(name, ())
        if len(readers) != 1:
            return ()
        node = self.graph.nodes[readers[0]]
        fits = node.op_type in operators and self.weights.issuperset(set(node_reads(node)) - {name})
        return readers if fits else ()

    def _swish(self, position: int) -> tuple[int, ...]:
        """A gate and the product with it: ``x * sigmoid(x)``."""
        name, nodes = self._inner(position), self.graph.nodes
        readers = self.graph.consumers.get(name, ())
        if len(readers) != 2 or nodes[readers[0]].op_type not in _GATES:
            return ()
        gated, product = self._inner(readers[0]), nodes[readers[1]]
        fits = product.op_type == "Mul" and self.graph.consumers.get(gated) == readers[1:]
        return readers if fits and set(product.input) == {name, gated} else ()

    def _inner(self, position: int) -> str:
        """The one tensor that a node makes, if it may vanish inside a layer; else an empty name."""
        made = node_makes(self.graph.nodes[position])
        return made[0] if len(made) == 1 and made[0] not in self.graph.outputs else ""
