"""QDQ rewriting: QuantizeLinear and DequantizeLinear between the nodes of a head, for integer kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper, version_converter

from evosplit.edge.backends.int8.integer_codes import (
    ActivationCode,
    WeightCodes,
    activation_code,
    weight_codes,
)
from evosplit.edge.backends.int8.integer_nodes import IntegerNodes, choose_integer_nodes
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.errors import ModelError
from evosplit.shared.node_graph import NodeGraph, needed_nodes, node_graph
from evosplit.shared.onnx_parts import node_reads, remodel
from evosplit.shared.plan import TensorCode
from evosplit.shared.weights import restore_weights
from evosplit.shared.wire import EncodedTensor

_OPSET: Final = 13
"""The first with scales per channel, and with pooling, clipping and joining of 8-bit integers."""
_TOP: Final = 255
_INT32: Final = 2.0**31 - 1


def qdq_model(
    head: onnx.ModelProto, weights: Mapping[str, EncodedTensor], activations: Mapping[str, TensorCode]
) -> onnx.ModelProto:
    """The head with its weights in place, and the tensors in ``activations`` rounded to codes of 2 to 8 bits.

    ``head`` may lack the data of the initialisers that ``weights`` holds. Inputs and outputs stay float32;
    inputs may have codes, too. Tensors without a fixed range, or above 8 bits, stay float. Raises ModelError
    where the head's operators cannot be brought to opset 13.
    """
    here = {tensor.name for tensor in head.graph.initializer}
    held = {name: tensor for name, tensor in weights.items() if name in here}
    packed = {name: ints for name, tensor in held.items() if (ints := weight_codes(tensor)) is not None}
    filled = restore_weights(head, {name: decode_tensor(tensor) for name, tensor in held.items()})
    whole = _lifted(filled)
    graph = node_graph(whole)
    known = graph.inputs.union(graph.producer)
    codes = {
        name: code
        for name, tensor_code in activations.items()
        if name in known and (code := activation_code(tensor_code)) is not None
    }
    return _QdqWriter(graph, codes, packed, choose_integer_nodes(graph, codes, packed)).model(whole)


def _lifted(model: onnx.ModelProto) -> onnx.ModelProto:
    version = next(opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx"))
    if version >= _OPSET:
        return model
    try:
        return version_converter.convert_version(model, _OPSET)
    except (RuntimeError, version_converter.ConvertError) as error:
        raise ModelError(f"the head cannot be brought to opset {_OPSET}: {error}") from None


class _QdqWriter:
    """Writes the nodes of one model anew, with codes between them."""

    def __init__(
        self,
        graph: NodeGraph,
        codes: Mapping[str, ActivationCode],
        weights: Mapping[str, WeightCodes],
        choice: IntegerNodes,
    ) -> None:
        self._graph = graph
        self._codes = codes
        self._weights = weights
        self._choice = choice
        self._nodes: list[onnx.NodeProto] = []
        self._tensors: dict[str, onnx.TensorProto] = {}

    def model(self, model: onnx.ModelProto) -> onnx.ModelProto:
        for name in sorted(self._graph.inputs & self._codes.keys()):
            self._quantised(name, name)
        for node in self._graph.nodes:
            self._node(node)
        nodes = needed_nodes(self._nodes, self._graph.outputs)
        used = {name for node in nodes for name in node_reads(node)} | self._graph.outputs
        tensors = [*model.graph.initializer, *self._tensors.values()]
        return remodel(
            model, nodes=nodes, weights=[tensor for tensor in tensors if tensor.name in used], values=()
        )

    def _node(self, node: onnx.NodeProto) -> None:
        implied = any(name in self._choice.implied for name in node.output)
        if not implied:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            read = self._float if node.output[0] in self._choice.floats else self._read
            copy.input[:] = [read(name) for name in node.input]
            copy.output[:] = [_raw(name) if name in self._codes else name for name in node.output]
            if node.output[0] in self._choice.products:
                self._in_integers(node, copy)
            self._nodes.append(copy)
        for name in node.output:
            if name in self._codes:
                self._quantised(node.input[0] if implied else _raw(name), name)

    def _read(self, name: str) -> str:
        return _coded(name) if name in self._codes else name

    def _float(self, name: str) -> str:
        """What a tensor is before it is rounded."""
        if name in self._graph.inputs:
            return name
        return self._graph.first_input(name) if name in self._choice.implied else _raw(name)

    def _quantised(self, source: str, name: str) -> None:
        """Codes of ``source``, and the values that they stand for, which all readers of ``name`` get."""
        code = self._codes[name]
        scale, zero = f"{name}/scale", f"{name}/zero"
        self._tensor(scale, np.float32(code.scale))
        self._tensor(zero, np.uint8(code.zero))
        codes = f"{name}/codes"
        self._add("QuantizeLinear", (source, scale, zero), codes)
        if code.top < _TOP:
            self._tensor(f"{name}/top", np.uint8(code.top))
            self._add("Clip", (codes, "", f"{name}/top"), f"{name}/clipped")
            codes = f"{name}/clipped"
        self._add("DequantizeLinear", (codes, scale, zero), _coded(name))
        if name in self._graph.outputs - self._graph.inputs:
            self._add("Identity", (_coded(name),), name)

    def _in_integers(self, node: onnx.NodeProto, copy: onnx.NodeProto) -> None:
        """int8 weights with a scale per channel; int32 bias at the product of both scales."""
        weight = node.input[1]
        held = self._weights[weight]
        code = self._codes[node.input[0]]
        copy.input[1] = self._dequantised(f"{weight}/int8", held.values, held.scales)
        if len(node.input) > 2 and node.input[2]:
            bias = numpy_helper.to_array(self._graph.weights[node.input[2]])
            scales = np.float32(code.scale) * held.scales
            values = np.clip(np.rint(bias / scales.astype(np.float64)), -_INT32, _INT32).astype(np.int32)
            copy.input[2] = self._dequantised(f"{node.output[0]}/bias", values, scales)

    def _dequantised(self, name: str, values: NDArray[np.signedinteger], scales: NDArray[np.float32]) -> str:
        if f"{name}/float" not in {made.output[0] for made in self._nodes}:
            self._tensor(name, values)
            self._tensor(f"{name}/scales", scales)
            self._tensor(f"{name}/zeros", np.zeros(len(scales), values.dtype))
            inputs = (name, f"{name}/scales", f"{name}/zeros")
            self._nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}/float"], axis=0))
        return f"{name}/float"

    def _tensor(self, name: str, value: NDArray[np.generic] | np.generic) -> None:
        self._tensors[name] = numpy_helper.from_array(np.asarray(value), name)

    def _add(self, op: str, inputs: tuple[str, ...], output: str) -> None:
        self._nodes.append(helper.make_node(op, inputs, [output], name=f"{output}/{op}"))


def _raw(name: str) -> str:
    return f"{name}/raw"


def _coded(name: str) -> str:
    return f"{name}/coded"
