"""Cost of the border between float32 and integers: rounding, and another memory layout."""

from __future__ import annotations

import statistics
import time
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.session import Runner

_SHAPE: Final = (1, 64, 56, 56)
_TURNS: Final = 15


def border_s_per_element(threads: int) -> float:
    """Seconds per element of one crossing: half of there and back, with channels last between."""
    runner = Runner(_there_and_back(), threads)
    feeds = {"x": np.random.default_rng(0).standard_normal(_SHAPE, np.float32)}
    taken_s = []
    for _ in range(_TURNS):
        start_s = time.perf_counter()
        runner.run(feeds)
        taken_s.append(time.perf_counter() - start_s)
    return statistics.median(taken_s) / 2 / int(np.prod(_SHAPE))


def _there_and_back() -> onnx.ModelProto:
    """Codes that are touched once with channels last, as integer kernels have them."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["codes"]),
        helper.make_node("Transpose", ["codes"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Max", ["last", "zero"], ["kept"]),
        helper.make_node("Transpose", ["kept"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["first", "scale", "zero"], ["y"]),
    ]
    weights = [
        numpy_helper.from_array(np.array(0.02, np.float32), "scale"),
        numpy_helper.from_array(np.array(9, np.uint8), "zero"),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, _SHAPE) for name in "xy"]
    graph = helper.make_graph(nodes, "border", values[:1], values[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
