"""Lowering of layers to matrix products (im2col), the way systolic arrays run them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import onnx

from evosplit.shared.graph import Graph, Layer
from evosplit.shared.weight_sizes import initialisers

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Gemm:
    """``count`` products (rows x depth) @ (depth x columns) of tensors ``left`` and ``right``.

    Of a convolution: rows are output pixels, depth the window (C/group x kernel), columns the filters of a
    group, and count the groups. ``right`` holds the weights, unless both operands are activations.
    """

    rows: int
    depth: int
    columns: int
    count: int
    left: str
    right: str

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all products together."""
        return self.rows * self.depth * self.columns * self.count


def layer_gemms(graph: Graph) -> tuple[tuple[Gemm, ...], ...]:
    """Per layer: its matrix products; empty for element-wise, pooling and data-moving layers."""
    shapes = _shapes(graph)
    return tuple(_products(graph, layer, shapes) for layer in graph.layers)


def _shapes(graph: Graph) -> Shapes:
    """Of activations (those inside fused layers too) and of initialisers."""
    inner = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in graph.model.graph.value_info
    }
    shown = {name: tensor.shape for name, tensor in graph.tensors.items()}
    return inner | shown | {name: tuple(tensor.dims) for name, tensor in initialisers(graph).items()}


def _products(graph: Graph, layer: Layer, shapes: Shapes) -> tuple[Gemm, ...]:
    nodes = (graph.model.graph.node[position] for position in layer.nodes)
    return tuple(_MAKERS[node.op_type](node, shapes) for node in nodes if node.op_type in _MAKERS)


def _attribute(node: onnx.NodeProto, name: str) -> int:
    """An integer attribute whose default is zero."""
    return next((attribute.i for attribute in node.attribute if attribute.name == name), 0)


def _convolution(node: onnx.NodeProto, shapes: Shapes, right: int = 1) -> Gemm:
    """Weight (M, C/group, kernel...), output (N, M, spatial...)."""
    weight, output = shapes[node.input[right]], shapes[node.output[0]]
    groups = _attribute(node, "group") or 1
    rows = output[0] * math.prod(output[2:])
    return Gemm(rows, math.prod(weight[1:]), weight[0] // groups, groups, node.input[0], node.input[right])


def _transposed(node: onnx.NodeProto, shapes: Shapes) -> Gemm:
    """Weight (C, M/group, kernel...): every input pixel makes a window of every output channel."""
    weight, source = shapes[node.input[1]], shapes[node.input[0]]
    groups = _attribute(node, "group") or 1
    rows = source[0] * math.prod(source[2:])
    return Gemm(rows, weight[0] // groups, math.prod(weight[1:]), groups, node.input[0], node.input[1])


def _gemm(node: onnx.NodeProto, shapes: Shapes) -> Gemm:
    left, output = shapes[node.input[0]], shapes[node.output[0]]
    depth = left[0 if _attribute(node, "transA") else 1]
    return Gemm(output[0], depth, output[1], 1, node.input[0], node.input[1])


def _matmul(node: onnx.NodeProto, shapes: Shapes, right: int = 1) -> Gemm:
    """A matrix on the right serves all stacked rows at once; stacks on both sides are products apart."""
    first, second = shapes[node.input[0]], shapes[node.input[right]]
    depth = first[-1]
    columns = second[-1] if len(second) > 1 else 1
    rows = math.prod(shapes[node.output[0]]) // columns
    count = math.prod(second[:-2]) if len(second) > 2 else 1
    return Gemm(max(rows // count, 1), depth, columns, count, node.input[0], node.input[right])


_MAKERS: Final[Mapping[str, Callable[[onnx.NodeProto, Shapes], Gemm]]] = {
    "Conv": _convolution,
    "ConvInteger": _convolution,
    "QLinearConv": lambda node, shapes: _convolution(node, shapes, right=3),
    "ConvTranspose": _transposed,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "MatMulInteger": _matmul,
    "QLinearMatMul": lambda node, shapes: _matmul(node, shapes, right=3),
}
