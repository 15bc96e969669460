"""Constant folding of sub-graphs that read nothing but weights."""

from __future__ import annotations

from typing import Final

import onnx
from onnx import numpy_helper

from evosplit.shared.onnx_parts import node_makes, node_reads, remodel
from evosplit.shared.session import Runner

_NOT_THE_SAME_TWICE: Final = (
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
)
_NO_TENSORS: Final = (
    *("SequenceEmpty", "SequenceConstruct", "SequenceInsert", "SequenceErase", "SequenceMap"),
    *("SplitToSequence", "Optional"),
)
"""Operators whose results no initialiser can hold."""


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Compute what does not depend on an input once; drop initialisers that nothing reads any more.

    Integer weights stay integers: what dequantises them is left, and runs with the layer that reads it.
    """
    folded = _constant_nodes(model)
    rest = [node for position, node in enumerate(model.graph.node) if position not in folded]
    wanted = {name for node in rest for name in node_reads(node)} | {
        value.name for value in model.graph.output
    }
    made = _compute(model, folded, wanted)
    weights = [*(tensor for tensor in model.graph.initializer if tensor.name in wanted), *made]
    return remodel(model, nodes=rest, weights=weights)


def _constant_nodes(model: onnx.ModelProto) -> set[int]:
    stored = {tensor.name for tensor in model.graph.initializer}
    known = set(stored)
    constant = set()
    for position, node in enumerate(model.graph.node):
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            continue
        if node.op_type not in (*_NOT_THE_SAME_TWICE, *_NO_TENSORS) and known.issuperset(node_reads(node)):
            known.update(node_makes(node))
            constant.add(position)
    return constant


def _compute(model: onnx.ModelProto, positions: set[int], wanted: set[str]) -> list[onnx.TensorProto]:
    nodes = [node for position, node in enumerate(model.graph.node) if position in positions]
    names = [name for node in nodes for name in node_makes(node) if name in wanted]
    if not names:
        return []
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    results = Runner(remodel(model, nodes=nodes, inputs=(), outputs=outputs, values=()), optimise=False).run(
        {}
    )
    return [numpy_helper.from_array(results[name], name) for name in names]
