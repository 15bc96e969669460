"""Dead-code elimination and topological sorting of nodes; inputs that nothing reads go, too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import onnx

from evosplit.shared.errors import ModelError
from evosplit.shared.graph.graph import Tensor
from evosplit.shared.graph.passes.notes import read_note, write_note
from evosplit.shared.graph.topological_order import topological_order
from evosplit.shared.node_graph import needed_nodes
from evosplit.shared.onnx_parts import node_makes, node_reads, remodel

_KEY: Final = "unused_inputs"


def prune(model: onnx.ModelProto) -> onnx.ModelProto:
    """Sort, and drop what is not needed; `unused_inputs` tells which inputs went.

    Raises ModelError for nodes that need each other in a circle, and for an input that holds no numbers.
    """
    nodes = needed_nodes(_sorted(model.graph.node), {value.name for value in model.graph.output})
    read = {name for node in nodes for name in node_reads(node)}
    read.update(value.name for value in model.graph.output)
    used = [value for value in model.graph.input if value.name in read]
    pruned = remodel(model, nodes=nodes, inputs=used)
    for value in used:
        if value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
            raise ModelError(f"input {value.name!r} holds strings; a network is served from its numbers on")
    unused = [_described(value) for value in model.graph.input if value.name not in read]
    if unused:
        write_note(pruned, _KEY, unused)
    return pruned


def unused_inputs(model: onnx.ModelProto) -> tuple[Tensor, ...]:
    """The inputs that no output depends on."""
    return tuple(Tensor(name, tuple(shape), dtype) for name, shape, dtype in read_note(model, _KEY, ()))


def _described(value: onnx.ValueInfoProto) -> tuple[str, list[int], str]:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    return value.name, [dim.dim_value for dim in kind.shape.dim], dtype.name


def _sorted(nodes: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    held = list(nodes)
    follows: list[list[int]] = [[] for _ in held]
    maker = {name: position for position, node in enumerate(held) for name in node_makes(node)}
    for position, node in enumerate(held):
        for name in node_reads(node):
            if name in maker:
                follows[maker[name]].append(position)
    return [held[position] for position in topological_order(follows)]
