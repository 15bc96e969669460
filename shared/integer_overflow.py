"""Saturation check of the processor's 8-bit integer kernels (VPMADDUBSW), and a remedy.

x86 processors without VNNI multiply uint8 by int8 in pairs whose sum has 16 bits: 255 x 127 twice is cut off
at 32,767. ONNX Runtime has slower kernels for them, but takes these only when told to, and on a processor
with VNNI it then becomes slower for nothing. So a product that would overflow is tried once per process.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.runtime import open_session, session_options

_SETTING: Final = "session.x64quantprecision"
_INTEGERS: Final = frozenset(
    ("ConvInteger", "DequantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QuantizeLinear")
)
_DEPTH: Final = 64
_WIDTH: Final = 16
_LARGEST: Final = (255, 127)


def has_integers(model: onnx.ModelProto) -> bool:
    """Whether any node quantises or computes with 8-bit integers."""
    return any(node.op_type in _INTEGERS for node in model.graph.node)


@functools.cache
def sums_overflow() -> bool:
    """Whether the largest products come out wrong: tried once, milliseconds."""
    session = open_session(_product(), session_options(), ["CPUExecutionProvider"])
    (sums,) = session.run(None, {"a": np.full((1, _DEPTH), _LARGEST[0], np.uint8)})
    return bool((sums != _DEPTH * _LARGEST[0] * _LARGEST[1]).any())


def keep_sums_exact(options: Any) -> None:  # noqa: ANN401 - ONNX Runtime has no types
    """Choose kernels that add in 32 bits, where the usual ones overflow."""
    if sums_overflow():
        options.add_session_config_entry(_SETTING, "1")


def _product() -> onnx.ModelProto:
    weights = numpy_helper.from_array(np.full((_DEPTH, _WIDTH), _LARGEST[1], np.int8), "b")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["y"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [1, _DEPTH])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, _WIDTH])],
        [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
