"""Operator selection for integer execution, and activations that the output codes imply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import onnx
from onnx import numpy_helper

from evosplit.edge.backends.int8.integer_codes import ActivationCode, WeightCodes
from evosplit.shared.node_graph import NodeGraph

_SLACK: Final = 1e-5
"""By what share of a range the end of a Clip may lie inside it: less than any rounding shows."""


@dataclass(frozen=True)
class IntegerNodes:
    """``products`` are outputs of convolutions (and the like) in integers, ``implied`` activations left out.

    An activation is left out where the codes behind it hold no other values than it gives: a ReLU before
    codes that begin at zero, a Clip before codes within its ends. ``floats`` are pooled tensors that are
    rounded after the pooling: codes made from float32 lie in an order in which pooling them is slow.
    """

    products: frozenset[str]
    implied: frozenset[str]
    floats: frozenset[str]


def choose_integer_nodes(
    graph: NodeGraph, codes: Mapping[str, ActivationCode], weights: Mapping[str, WeightCodes]
) -> IntegerNodes:
    """A convolution or fully connected layer runs in integers when input, weights and output all have codes.

    Anything else keeps its operator between codes; where ONNX Runtime has it in integers, it is fused.
    """
    implied = frozenset(name for name, code in codes.items() if _is_implied(graph, name, code))
    ends = {graph.first_input(name) if name in implied else name for name in codes}
    candidates = (
        node.output[0]
        for node in graph.nodes
        if node.output[0] in ends and _fits(graph, node, codes, weights)
    )
    products = frozenset(candidates)
    return IntegerNodes(products, implied, _float_pooled(graph, codes, products, implied))


def _float_pooled(
    graph: NodeGraph, codes: Mapping[str, ActivationCode], products: frozenset[str], implied: frozenset[str]
) -> frozenset[str]:
    """Outputs of poolings whose input is not made in integers. Rounding keeps order: the result is equal."""
    integers: set[str] = set()
    float_pools: set[str] = set()
    for node in graph.nodes:
        made = node.output[0]
        source = node.input[0] if node.input else ""
        known = [name for name in node.input if name not in graph.weights and name]
        if (
            made in products
            or (made in implied and source in products)
            or (made in codes and integers.issuperset(known))
        ):
            integers.add(made)
        elif node.op_type == "MaxPool" and made in codes and codes.get(source) == codes[made]:
            float_pools.add(made)
    return frozenset(float_pools)


def _is_implied(graph: NodeGraph, name: str, code: ActivationCode) -> bool:
    node = graph.producing_node(name)
    if node is None or not graph.is_inner(node.input[0]) or node.input[0] not in graph.producer:
        return False
    if node.op_type == "Relu":
        return code.zero == 0
    if node.op_type != "Clip":
        return False
    low, high = (_scalar(graph, _operand(node, index), end) for index, end in ((1, -math.inf), (2, math.inf)))
    slack = _SLACK * (code.high - code.low)
    return low <= code.low + slack and code.high <= high + slack


def _fits(
    graph: NodeGraph,
    node: onnx.NodeProto,
    codes: Mapping[str, ActivationCode],
    weights: Mapping[str, WeightCodes],
) -> bool:
    if node.op_type not in ("Conv", "Gemm") or node.input[0] not in codes or node.input[1] not in weights:
        return False
    bias = _operand(node, 2)
    if bias and bias not in graph.weights:
        return False
    return node.op_type == "Conv" or _is_plain_gemm(graph, node)


def _is_plain_gemm(graph: NodeGraph, node: onnx.NodeProto) -> bool:
    """Whether it is x W^T + b: output channels along axis 0 of W."""
    settings = {attribute.name: attribute for attribute in node.attribute}
    is_scaled = any(settings[name].f != 1.0 for name in ("alpha", "beta") if name in settings)
    transposes = [settings[name].i if name in settings else 0 for name in ("transA", "transB")]
    bias = _operand(node, 2)
    is_vector = not bias or len(graph.weights[bias].dims) == 1
    return transposes == [0, 1] and not is_scaled and is_vector


def _operand(node: onnx.NodeProto, index: int) -> str:
    return node.input[index] if index < len(node.input) else ""


def _scalar(graph: NodeGraph, name: str, otherwise: float) -> float:
    """The value of a constant operand; ``otherwise`` for an empty name, NaN for what is computed."""
    if not name:
        return otherwise
    tensor = graph.weights.get(name)
    return float(numpy_helper.to_array(tensor).item()) if tensor is not None else math.nan
