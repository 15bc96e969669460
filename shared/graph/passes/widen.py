"""Conversion of half precision to float32: CPUs compute it that way, and wire codes start from it."""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from evosplit.shared.errors import ModelError
from evosplit.shared.onnx_parts import all_graphs, all_nodes, remodel

_HALVES: Final = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_TYPE_ATTRIBUTES: Final = ("to", "dtype", "output_dtype", "stash_type")


def widen_halves(model: onnx.ModelProto) -> onnx.ModelProto:
    """Widen weights, inputs, outputs, constants and casts, inside sub-graphs and functions too."""
    widened = remodel(model)
    for graph in all_graphs(widened.graph):
        for tensor in graph.initializer:
            _widen_tensor(tensor)
        for value in (*graph.input, *graph.output, *graph.value_info):
            _widen_value(value)
    for body in (widened.graph, *widened.functions):
        for node in all_nodes(body):
            for attribute in node.attribute:
                _widen_attribute(attribute)
    return widened


def _widen_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_type in _HALVES:
        try:
            array = numpy_helper.to_array(tensor).astype(np.float32)
        except ValueError:
            raise ModelError(f"weight {tensor.name!r} does not have as much data as its shape says") from None
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _widen_value(value: onnx.ValueInfoProto) -> None:
    if value.type.tensor_type.elem_type in _HALVES:
        value.type.tensor_type.elem_type = TensorProto.FLOAT


def _widen_attribute(attribute: onnx.AttributeProto) -> None:
    if attribute.HasField("t"):
        _widen_tensor(attribute.t)
    if attribute.name in _TYPE_ATTRIBUTES and attribute.i in _HALVES:
        attribute.i = TensorProto.FLOAT
