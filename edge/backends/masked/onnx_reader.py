"""ONNX import: a model as a `Network` of masked operations, one per node, not yet fused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import onnx

from evosplit.edge.backends.masked.compute_ops import (
    activation,
    add_or_multiply,
    batch_norm,
    conv,
    global_pool,
    pool,
)
from evosplit.edge.backends.masked.onnx_nodes import Node, Shapes, read_nodes
from evosplit.edge.backends.masked.ops import (
    Concat,
    Conv,
    Network,
    Op,
    Pool,
    Shape,
    Slice,
    Upsample,
    Zeros,
)
from evosplit.edge.backends.masked.shape_ops import concat, pad_channels, slice_op, upsample
from evosplit.shared.errors import InputError, ModelError


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
    return pad_channels(node, reads[0], shapes) if node.op == "Pad" else [_op(node, reads, shapes)]


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


_READERS: Final[Mapping[str, Callable[[Node, list[str], Shapes], Op]]] = {
    "Conv": conv,
    **dict.fromkeys(("MaxPool", "AveragePool"), pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool"), global_pool),
    "BatchNormalization": batch_norm,
    **dict.fromkeys(("Add", "Mul"), add_or_multiply),
    **dict.fromkeys(("Relu", "Clip", "LeakyRelu", "Sigmoid"), activation),
    **dict.fromkeys(("Resize", "Upsample"), upsample),
    "Slice": slice_op,
    "Concat": concat,
}
