"""Producers, consumers and dead-code elimination of ONNX nodes."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from evosplit.shared.node_graph import needed_nodes, node_graph


@pytest.fixture
def model() -> onnx.ModelProto:
    """``y = relu(x + w); z = y * y``, and a node that nothing needs."""
    nodes = [
        helper.make_node("Add", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
        helper.make_node("Mul", ["y", "y"], ["z"]),
        helper.make_node("Abs", ["y"], ["unread"]),
    ]
    x, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "z"))
    w = helper.make_tensor("w", TensorProto.FLOAT, [1], [2.0])
    return helper.make_model(helper.make_graph(nodes, "net", [x], [z], [w]))


def test_producers_and_consumers(model: onnx.ModelProto) -> None:
    graph = node_graph(model)
    assert graph.producer == {"a": 0, "y": 1, "z": 2, "unread": 3}
    assert graph.consumers == {"x": (0,), "w": (0,), "a": (1,), "y": (2, 3)}
    assert (graph.inputs, graph.outputs, set(graph.weights)) == ({"x"}, {"z"}, {"w"})
    node = graph.producing_node("y")
    assert node is not None
    assert node.op_type == "Relu"
    assert graph.producing_node("x") is None
    assert graph.first_input("z") == "y"


def test_an_inner_tensor_has_one_reader_and_stays_inside(model: onnx.ModelProto) -> None:
    graph = node_graph(model)
    assert [name for name in ("x", "a", "y", "z", "unread") if graph.is_inner(name)] == ["x", "a"]


def test_only_needed_nodes_are_kept(model: onnx.ModelProto) -> None:
    assert [node.op_type for node in needed_nodes(model.graph.node, {"z"})] == ["Add", "Relu", "Mul"]
    assert [node.op_type for node in needed_nodes(model.graph.node, {"a"})] == ["Add"]
    assert needed_nodes(model.graph.node, {"x"}) == []
