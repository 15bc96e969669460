"""Weight selection and sizes: which initialisers a plan quantises, and their bytes at a bit-width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import onnx

from evosplit.shared.graph import Graph, Layer
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.weights import STRIPPED_ELEMENTS
from evosplit.shared.wire import packed_size_bytes
from evosplit.shared.wire.wire_sizes import SCALE_BYTES

_INTEGERS: Final = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT32)
"""Of the weights, zero points and biases of quantised layers."""

_QUANTISED: Final = frozenset(
    ("ConvInteger", "DequantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul")
)


def quantised_weights(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Layer name -> its initialisers that are packed at the layer's bits; layers without any are left out.

    Float tensors of two dimensions or more that are big enough to leave the skeleton; biases stay float.
    One that several layers share counts in each of them, as if each had its own: in an edge's memory it is
    there once, with the most bits that any of them asks for, which is no larger and no less accurate.
    """
    stored = initialisers(graph)
    packed = {
        layer.name: tuple(
            name for name in dict.fromkeys(layer.weights) if name in stored and _can_be_packed(stored[name])
        )
        for layer in graph.layers
    }
    return {layer: names for layer, names in packed.items() if names}


def layer_weight_bytes(graph: Graph, bits: Iterable[int]) -> tuple[dict[int, int], ...]:
    """Per layer: bit-width -> bytes of all its initialisers, packed, with a scale per channel (axis 0).

    Weights that are integers already (QDQ, QLinearConv, ConvInteger) count as they stand, at every width.
    """
    stored, packed = initialisers(graph), quantised_weights(graph)
    widths = sorted({*bits, FLOAT_BITS})
    return tuple(
        {
            width: sum(
                _packed_bytes(stored[name], width if name in packed.get(layer.name, ()) else FLOAT_BITS)
                for name in dict.fromkeys((*layer.weights, *_integers(graph, layer, stored)))
            )
            for width in widths
        }
        for layer in graph.layers
    )


def _integers(graph: Graph, layer: Layer, stored: Mapping[str, onnx.TensorProto]) -> Iterator[str]:
    """Initialisers of integers that a quantised layer reads, biases and zero points too."""
    nodes = graph.model.graph.node
    for node in (nodes[position] for position in layer.nodes if position < len(nodes)):
        for name in node.input if node.op_type in _QUANTISED else ():
            if name in stored and stored[name].data_type in _INTEGERS and math.prod(stored[name].dims) > 1:
                yield name


def initialisers(graph: Graph) -> Mapping[str, onnx.TensorProto]:
    """The stored tensors of the optimised model by name."""
    return {tensor.name: tensor for tensor in graph.model.graph.initializer}


def _packed_bytes(tensor: onnx.TensorProto, bits: int) -> int:
    if bits == FLOAT_BITS:
        return packed_size_bytes(tensor.dims, 8 * _dtype(tensor).itemsize)
    return packed_size_bytes(tensor.dims, bits) + SCALE_BYTES * int(tensor.dims[0])


def _can_be_packed(tensor: onnx.TensorProto) -> bool:
    big = math.prod(tensor.dims) >= STRIPPED_ELEMENTS
    return big and len(tensor.dims) >= 2 and _dtype(tensor).kind == "f"


def _dtype(tensor: onnx.TensorProto) -> np.dtype[np.generic]:
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
