"""Free batch dimension: a model pinned to a batch of 1 as one that takes any, where its operators allow it.

Every tensor that depends on an input must have its batch first, and every operator on it must treat
samples apart (`evosplit.cloud.batching.sample_wise`). Shapes that were folded into constants are freed, too.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.cloud.batching.operands import Operands
from evosplit.cloud.batching.sample_wise import is_sample_wise
from evosplit.shared.onnx_parts import node_makes, node_reads, remodel, sub_graphs

_NAME = "batch"
_FREED = "{}.freed_{}"


def free_batch(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The model with a symbolic batch dimension at inputs and outputs; None where it cannot have one."""
    graph = model.graph
    operands = _operands(model)
    if not graph.node or not all(operands.has_batch(value.name) for value in (*graph.input, *graph.output)):
        return None
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = list(graph.initializer)
    carried = {value.name for value in graph.input}
    for position, node in enumerate(graph.node):
        if carried.isdisjoint(node_reads(node)):
            nodes.append(node)
            continue
        if any(sub_graphs(node)) or not is_sample_wise(node, operands, frozenset(carried)):
            return None
        carried.update(node_makes(node))
        freed = _freed_reshape(node, operands, position)
        nodes.append(freed[0] if freed else node)
        weights += [freed[1]] if freed else []
    if not all(value.name in carried for value in graph.output):
        return None
    values = (_any_batch(value) for value in graph.input), (_any_batch(value) for value in graph.output)
    return remodel(model, nodes=nodes, inputs=values[0], outputs=values[1], weights=weights, values=())


def _operands(model: onnx.ModelProto) -> Operands:
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    shapes = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*model.graph.input, *model.graph.value_info, *model.graph.output)
        if value.type.tensor_type.HasField("shape")
    }
    shapes |= {name: tuple(tensor.dims) for name, tensor in constants.items()}
    return Operands(shapes, constants)


def _freed_reshape(
    node: onnx.NodeProto, operands: Operands, position: int
) -> tuple[onnx.NodeProto, onnx.TensorProto] | None:
    """A Reshape to ``[1, ...]`` as one that keeps the first dimension, and its new shape."""
    if node.op_type != "Reshape" or operands.values(node.input[1])[0] != 1:
        return None
    shape = np.array(operands.values(node.input[1]), np.int64)
    shape[0] = 0
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[1] = _FREED.format(node.input[1], position)
    return copy, numpy_helper.from_array(shape, copy.input[1])


def _any_batch(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    copy.type.tensor_type.shape.dim[0].dim_param = _NAME
    return copy
