import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared import integer_overflow
from evosplit.shared.session import Runner


def largest_products() -> onnx.ModelProto:
    """A convolution of the largest codes, from float32 to float32: every output is 256 x 255 x 127 / 2^16."""
    weights = [
        numpy_helper.from_array(np.full((16, 256, 1, 1), 127, np.int8), "w"),
        *(numpy_helper.from_array(np.float32(2.0**-8), name) for name in ("s", "ws")),
        numpy_helper.from_array(np.float32(2.0), "ys"),
        numpy_helper.from_array(np.uint8(0), "z"),
        numpy_helper.from_array(np.int8(0), "wz"),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["dw"]),
        helper.make_node("Conv", ["d", "dw"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "ys", "z"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "ys", "z"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    for value, channels in zip(values, (256, 16), strict=True):
        value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, [1, channels, 7, 7]))
    graph = helper.make_graph(nodes, "net", values[:1], values[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("told", [None, True])
def test_the_largest_sums_are_right_with_either_kernel(told: bool | None, monkeypatch) -> None:
    if told is not None:
        monkeypatch.setattr(integer_overflow, "sums_overflow", lambda: told)
    found = Runner(largest_products()).run({"x": np.full((1, 256, 7, 7), 255 / 256, np.float32)})
    np.testing.assert_array_equal(found["y"], np.full((1, 16, 7, 7), 2 * round(255 * 127 * 256 / 2**17)))


def test_models_with_integers_are_told_from_others() -> None:
    assert integer_overflow.has_integers(largest_products())
    assert not integer_overflow.has_integers(onnx.ModelProto())
