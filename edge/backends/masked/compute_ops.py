"""Conversion of ONNX compute nodes: convolution, pooling, batch normalisation, sums, activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.onnx_nodes import Node, Shapes, window_of
from evosplit.edge.backends.masked.ops import Activate, Add, Conv, Gate, Op, Pool, Scale
from evosplit.kernels.masked.activation import RELU, SIGMOID_CURVE, Activation, clip, leaky
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.window import Window


def conv(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """A convolution."""
    weights, bias = node.constant(1), node.constant(2)
    if weights is None or weights.dtype != np.float32 or weights.ndim != 4:
        raise node.refuse("weights are not float32 (out, in, rows, columns)")
    height, width, channels = shapes[reads[0]]
    groups = int(node.attributes.get("group", 1))
    if channels != weights.shape[1] * groups:
        raise node.refuse("channels do not fit the weights")
    window = window_of(node, weights.shape[2:], (height, width))
    return Conv(node.outputs[0], reads[0], weights, bias, window, groups)


def pool(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """A pool."""
    size = shapes[reads[0]][:2]
    window = window_of(node, node.numbers("kernel_shape", ()), size)
    padded = bool(node.attributes.get("count_include_pad", 0))
    return Pool(node.outputs[0], reads[0], window, node.op == "MaxPool", padded)


def global_pool(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """A pool over all positions."""
    return Pool(node.outputs[0], reads[0], Window(shapes[reads[0]][:2]), node.op == "GlobalMaxPool")


def batch_norm(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """A batch norm as one factor and one term per channel."""
    scale, shift, mean, variance = (node.required(index) for index in (1, 2, 3, 4))
    factor = scale / np.sqrt(variance + np.float64(node.attributes.get("epsilon", 1e-5)))
    return _scaled(node, reads[0], factor, shift - mean * factor)


def _scaled(node: Node, x: str, scale: NDArray[Any], shift: NDArray[Any]) -> Scale:
    return Scale(node.outputs[0], x, _row(scale), _row(shift))


def _row(values: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(values, np.float32).reshape(-1)


def add_or_multiply(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """Add or Mul: of two tensors of one shape, or of a tensor and one constant per channel."""
    constant = [index for index, name in enumerate(node.inputs) if name in node.constants]
    if len(constant) == 1:
        x = reads[1 - constant[0]]
        values = _per_channel(node, node.constants[node.inputs[constant[0]]], shapes[x][2])
        ones = np.ones_like(values)
        return _scaled(node, x, ones, values) if node.op == "Add" else _scaled(node, x, values, 0 * ones)
    if shapes[reads[0]] != shapes[reads[1]]:
        raise node.refuse("terms of different shapes")
    return (Add if node.op == "Add" else Gate)(node.outputs[0], reads[0], reads[1])


def _per_channel(node: Node, values: NDArray[Any], channels: int) -> NDArray[Any]:
    shape = (1,) * (4 - values.ndim) + values.shape
    if values.ndim > 4 or shape not in ((1, 1, 1, 1), (1, channels, 1, 1)):
        raise node.refuse("a constant that is not one number per channel")
    return np.broadcast_to(values.reshape(-1), (channels,)).astype(np.float32)


def activation(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """An activation by itself."""
    _ = shapes[reads[0]]
    return Activate(node.outputs[0], reads[0], _curve(node))


def _curve(node: Node) -> Activation:
    if node.op == "Relu":
        return RELU
    if node.op == "Sigmoid":
        return SIGMOID_CURVE
    if node.op == "LeakyRelu":
        return leaky(float(node.attributes.get("alpha", 0.01)))
    low, high = node.constant(1, "min"), node.constant(2, "max")
    return clip(-np.inf if low is None else low.item(), np.inf if high is None else high.item())
