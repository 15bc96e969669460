"""A small network whose boundary is as smooth as its pictures, so that there is something to restore."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def two_stage_net(size: int, picks: bool = False) -> onnx.ModelProto:
    """A strided convolution to ``t`` (1, 4, size / 2, size / 2), another, and a dense layer: ``y`` (1, 6).

    The first one may just pick every other value.
    """
    rng = np.random.default_rng(0)
    shapes = {"a": (4, 3, 3, 3), "b": (8, 4, 3, 3), "w": (8, 6)}
    weights = {
        name: (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        for name, shape in shapes.items()
    }
    if picks:
        weights["a"] = np.zeros_like(weights["a"])
        weights["a"][range(4), [0, 1, 2, 0], 1, 1] = 1.0
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["t"], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Conv", ["t", "b"], ["u"], pads=[1] * 4),
        helper.make_node("Relu", ["u"], ["v"]),
        helper.make_node("GlobalAveragePool", ["v"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 3, size, size]), ("y", [1, 6]))
    ]
    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def smooth_feeds(size: int, count: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
    """Pictures whose neighbours are alike, as in photographs."""
    rng = np.random.default_rng(seed)
    small = rng.normal(size=(count, 1, 3, size // 4, size // 4)).astype(np.float32)
    large = np.kron(small, np.ones((4, 4), np.float32))
    return [{"x": picture} for picture in large + 0.1 * rng.normal(size=large.shape).astype(np.float32)]
