"""A tensor whose rounding leaves no output: few bits of it are above every limit, and plans are made."""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.errors.output_error import NO_OUTPUT
from evosplit.shared.graph import load_graph


def division_net(path: Path) -> Path:
    """y = conv(x) / mean(conv(x)^2), whose divisor lies near zero beside one large channel."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Mul", ["a", "spread"], ["b"]),
        helper.make_node("Mul", ["b", "b"], ["c"]),
        helper.make_node("ReduceMean", ["c"], ["d"], axes=[2, 3], keepdims=1),
        helper.make_node("Div", ["b", "d"], ["y"]),
    ]
    spread = np.array([1e-6, 1e-4, 1.0, 1e3], np.float32).reshape(1, 4, 1, 1)
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(spread, "spread")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def test_errors_are_numbers_where_there_is_no_output(tmp_path: Path) -> None:
    graph = load_graph(division_net(tmp_path / "net.onnx"))
    rng = np.random.default_rng(1)
    feeds = [{"x": rng.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(3)]
    table = measure_errors(graph, feeds, threads=1)
    errors = [error for one in table.activations.values() for error in one.error.values()]
    assert all(math.isfinite(error) and error >= 0 for error in errors)
    assert max(errors) == NO_OUTPUT
