"""Graph construction: an optimised ONNX model as layers and tensors."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto

from evosplit.shared.errors import ModelError
from evosplit.shared.graph.graph import NUMBERS, Graph, Layer, Tensor
from evosplit.shared.graph.layer_fusion import layer_nodes
from evosplit.shared.graph.node_macs import Shapes, node_macs
from evosplit.shared.graph.passes.annotate import measured_shapes
from evosplit.shared.graph.passes.outputs import remarks
from evosplit.shared.graph.passes.prune import unused_inputs
from evosplit.shared.onnx_parts import node_makes, node_reads

_NO_WEIGHTS: Final = ("Clip", "Pad", "QuantizeLinear", "Range", "Resize", "Upsample")
"""Operators whose float initialisers are settings; a quantised one would be another operation."""

_FLOATS: Final = (TensorProto.FLOAT, TensorProto.DOUBLE)
_BYTES: Final = (TensorProto.INT8, TensorProto.UINT8)


@dataclass(frozen=True)
class _Parts:
    nodes: Sequence[onnx.NodeProto]
    weights: Mapping[str, onnx.TensorProto]
    tensors: Mapping[str, Tensor]
    shapes: Shapes
    visible: frozenset[str]


def graph_from_model(model: onnx.ModelProto, name: str, sha256: str) -> Graph:
    """Layers and tensors of a model as `normalise` leaves it, or of its skeleton (`strip_weights`).

    Pure; weights need no data. Raises ModelError when a tensor's shape is not written down, and for an output
    that holds neither numbers nor strings.
    """
    groups = layer_nodes(model, _uncrossable(model))
    if not groups:
        raise ModelError("nothing in the model depends on an input")
    parts = _parts(model, groups)
    names = _unique(_name(model.graph.node[group[0]]) for group in groups)
    layers = tuple(_layer(parts, index, group, names[index]) for index, group in enumerate(groups))
    inputs = tuple(value.name for value in model.graph.input)
    outputs = tuple(value.name for value in model.graph.output)
    return Graph(
        *(name, sha256, layers, parts.tensors, inputs, outputs, model),
        unused_inputs=unused_inputs(model),
        remarks=remarks(model),
    )


def _uncrossable(model: onnx.ModelProto) -> frozenset[str]:
    """What nodes make that holds no numbers: strings, sequences, maps, and numbers that NumPy has not."""
    values = (*model.graph.value_info, *model.graph.output)
    return frozenset(value.name for value in values if _dtype(value).kind not in NUMBERS)


def _parts(model: onnx.ModelProto, groups: Iterable[tuple[int, ...]]) -> _Parts:
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    visible = {value.name for value in graph.output}
    for group in groups:
        visible.update(_reads(graph.node, group))
    values = {value.name: value for value in (*graph.input, *graph.value_info, *graph.output)}
    activations = {**{name: _shape(value) for name, value in values.items()}, **measured_shapes(model)}
    made = (name for node in graph.node for name in node_makes(node))
    held = (*(value.name for value in graph.input), *made, *(value.name for value in graph.output))
    tensors = {name: _tensor(name, values, activations) for name in held if name in visible}
    shapes = {**activations, **{name: tuple(tensor.dims) for name, tensor in weights.items()}}
    return _Parts(graph.node, weights, tensors, shapes, frozenset(visible))


def _layer(parts: _Parts, index: int, group: tuple[int, ...], name: str) -> Layer:
    nodes = [parts.nodes[position] for position in group]
    reads = _reads(parts.nodes, group)
    made = [output for node in nodes for output in node_makes(node)]
    weights = tuple(dict.fromkeys(read for node in nodes for read in _weights(parts, node)))
    return Layer(
        index=index,
        name=name,
        op=nodes[0].op_type,
        fused=tuple(node.op_type for node in nodes[1:]),
        nodes=group,
        inputs=tuple(read for read in reads if read not in parts.weights),
        outputs=tuple(output for output in made if output in parts.visible),
        weights=weights,
        weight_elements=sum(math.prod(parts.weights[weight].dims) for weight in weights),
        macs=sum(node_macs(node, parts.shapes) for node in nodes),
    )


def _reads(nodes: Sequence[onnx.NodeProto], group: tuple[int, ...]) -> tuple[str, ...]:
    """What a layer reads from outside."""
    own = {name for position in group for name in node_makes(nodes[position])}
    reads = (name for position in group for name in node_reads(nodes[position]))
    return tuple(dict.fromkeys(name for name in reads if name not in own))


def _weights(parts: _Parts, node: onnx.NodeProto) -> list[str]:
    """Initialisers that hold parameters: floats, and matrices and kernels of bytes; scalars are settings."""
    if node.op_type in _NO_WEIGHTS:
        return []
    held = (name for name in node_reads(node) if name in parts.weights)
    return [name for name in held if _is_parameter(parts.weights[name])]


def _is_parameter(tensor: onnx.TensorProto) -> bool:
    if tensor.data_type in _BYTES:
        return len(tensor.dims) > 1
    return tensor.data_type in _FLOATS and math.prod(tensor.dims) > 1


def _tensor(name: str, values: Mapping[str, onnx.ValueInfoProto], shapes: Shapes) -> Tensor:
    if name not in values:
        raise ModelError(f"the shape of {name!r} is not known")
    dtype = _dtype(values[name])
    if dtype.kind not in (*NUMBERS, "O"):
        raise ModelError(f"{name!r} holds no numbers of a kind that can be sent: export it as a float tensor")
    return Tensor(name, shapes[name], dtype.name)


def _dtype(value: onnx.ValueInfoProto) -> np.dtype[Any]:
    """That of the tensor: ``object`` for strings, ``V`` for what is no tensor."""
    kind = value.type.tensor_type.elem_type
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind)) if kind else np.dtype("V")


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def _name(node: onnx.NodeProto) -> str:
    return node.name or f"{node.op_type}_{next(iter(node_makes(node)), '')}"


def _unique(names: Iterable[str]) -> list[str]:
    """Append ``_2``, ``_3`` where a name was taken."""
    taken: dict[str, None] = {}
    for name in names:
        numbered = (f"{name}_{count}" for count in itertools.count(2))
        taken[next(free for free in itertools.chain([name], numbered) if free not in taken)] = None
    return list(taken)
