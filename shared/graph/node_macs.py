"""Multiply-accumulate counts of ONNX nodes, from the shapes of their tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import onnx

Shapes = Mapping[str, tuple[int, ...]]


def node_macs(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Of a convolution or matrix product; zero for all else. ``shapes`` holds weights and activations."""
    count = _COUNTS.get(node.op_type)
    return count(node, shapes) if count else 0


def _convolution(node: onnx.NodeProto, shapes: Shapes, weight: int = 1) -> int:
    """Each output element sums over one group's channels and the kernel: weight (M, C/group, kernel...)."""
    return math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[weight]][1:])


def _transposed(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Each input element reaches one group's channels and the kernel: weight (C, M/group, kernel...)."""
    return math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])


def _gemm(node: onnx.NodeProto, shapes: Shapes) -> int:
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if transposed else 1]


def _matmul(node: onnx.NodeProto, shapes: Shapes) -> int:
    return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _quantised_convolution(node: onnx.NodeProto, shapes: Shapes) -> int:
    return _convolution(node, shapes, weight=3)


_COUNTS: Final[Mapping[str, Callable[[onnx.NodeProto, Shapes], int]]] = {
    "Conv": _convolution,
    "ConvInteger": _convolution,
    "QLinearConv": _quantised_convolution,
    "ConvTranspose": _transposed,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "MatMulInteger": _matmul,
    "QLinearMatMul": _matmul,
}
