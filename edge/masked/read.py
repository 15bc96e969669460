"""An ONNX model as a `Network` of masked operations, one operation per node, not yet fused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from edge.masked.nodes import Node, read_nodes, window_of
from edge.masked.ops import (
    Activate,
    Add,
    Concat,
    Conv,
    Gate,
    Network,
    Op,
    Pool,
    Scale,
    Shape,
    Slice,
    Span,
    Upsample,
    Zeros,
)
from kernels.masked.activation import RELU, SIGMOID_CURVE, Activation, clip, leaky
from kernels.masked.arrays import Floats
from kernels.masked.window import Window
from shared.errors import InputError, ModelError

Shapes = Mapping[str, Shape]


def read_network(model: onnx.ModelProto) -> Network:
    """Every node as an operation. Raises ModelError that names what the masked kernels cannot do."""
    shapes = _inputs(model)
    names: dict[str, str] = {name: name for name in shapes}
    ops: list[Op] = []
    for node in read_nodes(model):
        reads = [names.get(name, name) for name in node.inputs]
        if node.op in ("Identity", "Dropout") and reads[0] in shapes:
            names[node.outputs[0]] = reads[0]
            continue
        for op in _ops(node, reads, shapes):
            shapes.setdefault(op.out, _shape(op, shapes))
            names[op.out] = op.out
            ops.append(op)
    outputs = {value.name: names.get(value.name, "") for value in model.graph.output}
    if not all(outputs.values()):
        raise ModelError("masked kernels: an output is a constant")
    return Network(_input_names(model), outputs, tuple(ops), shapes)


def _input_names(model: onnx.ModelProto) -> tuple[str, ...]:
    weights = {tensor.name for tensor in model.graph.initializer}
    return tuple(value.name for value in model.graph.input if value.name not in weights)


def _inputs(model: onnx.ModelProto) -> dict[str, Shape]:
    values = {value.name: value.type.tensor_type for value in model.graph.input}
    return {name: _input_shape(name, values[name]) for name in _input_names(model)}


def _input_shape(name: str, kind: onnx.TypeProto.Tensor) -> Shape:
    sizes = [dim.dim_value for dim in kind.shape.dim]
    if kind.elem_type != onnx.TensorProto.FLOAT or len(sizes) != 4 or sizes[0] > 1 or 0 in sizes[1:]:
        raise ModelError(f"masked kernels: input {name} is not float32 (1, C, H, W)")
    return sizes[2], sizes[3], sizes[1]


def _ops(node: Node, reads: list[str], shapes: dict[str, Shape]) -> list[Op]:
    return _padded(node, reads[0], shapes) if node.op == "Pad" else [_op(node, reads, shapes)]


def _op(node: Node, reads: list[str], shapes: Shapes) -> Op:
    reader = _READERS.get(node.op)
    if reader is None or len(node.outputs) != 1:
        raise node.refuse("not supported")
    try:
        return reader(node, reads, shapes)
    except KeyError as missing:
        raise node.refuse(f"cannot read {missing}") from None
    except InputError as misfit:
        raise node.refuse(str(misfit)) from None


def _shape(op: Op, shapes: Shapes) -> Shape:
    """(height, width, channels) of what an operation makes."""
    if isinstance(op, Zeros):
        return shapes[op.out]
    height, width, channels = shapes[op.reads[0]]
    if isinstance(op, Conv):
        return *op.window.out_size((height, width)), op.weights.shape[0]
    if isinstance(op, Pool):
        return *op.window.out_size((height, width)), channels
    if isinstance(op, Upsample):
        return height * op.factor[0], width * op.factor[1], channels
    if isinstance(op, Slice):
        return len(range(*op.rows)), len(range(*op.columns)), len(range(*op.channels))
    if isinstance(op, Concat):
        return height, width, sum(shapes[part][2] for part in op.parts)
    return height, width, channels


def _conv(node: Node, reads: list[str], shapes: Shapes) -> Op:
    weights, bias = node.constant(1), node.constant(2)
    if weights is None or weights.dtype != np.float32 or weights.ndim != 4:
        raise node.refuse("weights are not float32 (out, in, rows, columns)")
    height, width, channels = shapes[reads[0]]
    groups = int(node.attributes.get("group", 1))
    if channels != weights.shape[1] * groups:
        raise node.refuse("channels do not fit the weights")
    window = window_of(node, weights.shape[2:], (height, width))
    return Conv(node.outputs[0], reads[0], weights, bias, window, groups)


def _pool(node: Node, reads: list[str], shapes: Shapes) -> Op:
    size = shapes[reads[0]][:2]
    window = window_of(node, node.numbers("kernel_shape", ()), size)
    padded = bool(node.attributes.get("count_include_pad", 0))
    return Pool(node.outputs[0], reads[0], window, node.op == "MaxPool", padded)


def _global_pool(node: Node, reads: list[str], shapes: Shapes) -> Op:
    return Pool(node.outputs[0], reads[0], Window(shapes[reads[0]][:2]), node.op == "GlobalMaxPool")


def _norm(node: Node, reads: list[str], shapes: Shapes) -> Op:
    scale, shift, mean, variance = (_constant(node, index) for index in (1, 2, 3, 4))
    factor = scale / np.sqrt(variance + np.float64(node.attributes.get("epsilon", 1e-5)))
    return _scaled(node, reads[0], factor, shift - mean * factor)


def _constant(node: Node, index: int) -> NDArray[np.float64]:
    value = node.constant(index)
    if value is None:
        raise node.refuse(f"input {index} is missing")
    return value.astype(np.float64)


def _scaled(node: Node, x: str, scale: NDArray[Any], shift: NDArray[Any]) -> Scale:
    return Scale(node.outputs[0], x, _row(scale), _row(shift))


def _row(values: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(values, np.float32).reshape(-1)


def _combine(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """Add or Mul: of two tensors of one shape, or of a tensor and one constant per channel."""
    at = [i for i, name in enumerate(node.inputs) if name in node.constants]
    if len(at) == 1:
        x = reads[1 - at[0]]
        values = _per_channel(node, node.constants[node.inputs[at[0]]], shapes[x][2])
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


def _activation(node: Node, reads: list[str], shapes: Shapes) -> Op:
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


def _upsample(node: Node, reads: list[str], shapes: Shapes) -> Op:
    size = shapes[reads[0]]
    factors = _factors(node, size)
    whole = [round(factor) for factor in factors]
    if any(abs(a - b) > 1e-6 for a, b in zip(whole, factors, strict=True)) or whole[:2] != [1, 1]:
        raise node.refuse("only whole factors of rows and columns")
    if min(whole) < 1 or not _is_floor(node, max(whole[2:])):
        raise node.refuse("not nearest neighbour by position // factor")
    return Upsample(node.outputs[0], reads[0], (whole[2], whole[3]))


def _factors(node: Node, size: Shape) -> list[float]:
    if node.op == "Resize" and node.opset > 10 and len(node.inputs) > 3 and node.inputs[3]:
        sizes = _constant(node, 3)
        return [a / b for a, b in zip(sizes, (1, size[2], size[0], size[1]), strict=True)]
    found = node.constant(2 if node.op == "Resize" and node.opset > 10 else 1, "scales")
    if found is None or found.size != 4:
        raise node.refuse("scales are not four numbers")
    return [float(value) for value in found]


def _is_floor(node: Node, factor: int) -> bool:
    """Whether the nearest source of position p is p // factor for every p."""
    if node.attributes.get("mode", b"nearest") != b"nearest":
        return False
    if node.op == "Upsample" or node.opset < 11:
        return True
    how = node.attributes.get("coordinate_transformation_mode", b"half_pixel")
    rounding = node.attributes.get("nearest_mode", b"round_prefer_floor")
    if how == b"asymmetric":
        return bool(rounding == b"floor" or (rounding == b"round_prefer_floor" and factor <= 2))
    return how in (b"half_pixel", b"pytorch_half_pixel") and rounding.startswith(b"round")


def _slice(node: Node, reads: list[str], shapes: Shapes) -> Op:
    height, width, channels = shapes[reads[0]]
    starts, ends = node.constant(1, "starts"), node.constant(2, "ends")
    if starts is None or ends is None:
        raise node.refuse("starts or ends are missing")
    axes, steps = node.constant(3, "axes"), node.constant(4, "steps")
    where = range(len(starts)) if axes is None else axes.tolist()
    by = [1] * len(starts) if steps is None else steps.tolist()
    spans: dict[int, Span] = {1: (0, channels, 1), 2: (0, height, 1), 3: (0, width, 1)}
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), where, by, strict=True):
        at = axis % 4
        if at not in spans or step < 1:
            raise node.refuse("only forwards along channels, rows and columns")
        spans[at] = slice(start, end, step).indices((channels, height, width)[at - 1])
        if not len(range(*spans[at])):
            raise node.refuse("nothing is left")
    return Slice(node.outputs[0], reads[0], spans[2], spans[3], spans[1])


def _concat(node: Node, reads: list[str], shapes: Shapes) -> Op:
    if node.attributes.get("axis", 1) not in (1, -3) or len({shapes[name][:2] for name in reads}) != 1:
        raise node.refuse("only along channels")
    return Concat(node.outputs[0], tuple(reads))


def _padded(node: Node, x: str, shapes: dict[str, Shape]) -> list[Op]:
    """Zeros beside the channels, as shortcuts of residual networks have them."""
    pads, value = node.constant(1, "pads"), node.constant(2, "value")
    plain = node.attributes.get("mode", b"constant") == b"constant" and (value is None or not value.any())
    if x not in shapes or pads is None or pads.size != 8 or not plain or pads.min() < 0:
        raise node.refuse("only zeros")
    before, after = int(pads[1]), int(pads[5])
    if pads.sum() != before + after:
        raise node.refuse("only channels")
    out, parts, ops = node.outputs[0], [x], list[Op]()
    for at, count in ((0, before), (2, after)):
        if count:
            zeros = Zeros(f"{out}:zeros{at}")
            shapes[zeros.out] = (*shapes[x][:2], count)
            parts.insert(at, zeros.out)
            ops.append(zeros)
    return [*ops, Concat(out, tuple(parts))]


_READERS: Final[Mapping[str, Callable[[Node, list[str], Shapes], Op]]] = {
    "Conv": _conv,
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool"), _global_pool),
    "BatchNormalization": _norm,
    **dict.fromkeys(("Add", "Mul"), _combine),
    **dict.fromkeys(("Relu", "Clip", "LeakyRelu", "Sigmoid"), _activation),
    **dict.fromkeys(("Resize", "Upsample"), _upsample),
    "Slice": _slice,
    "Concat": _concat,
}
