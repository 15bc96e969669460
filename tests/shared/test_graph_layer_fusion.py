"""Which nodes become one layer, and which must not."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.graph import Graph, load_graph
from tests import models


def _graph(model: onnx.ModelProto, folder: Path) -> Graph:
    return load_graph(models.save(model, folder))


def _ops(graph: Graph) -> list[tuple[str, ...]]:
    return [(layer.op, *layer.fused) for layer in graph.layers]


def test_batch_norms_fold_and_activations_fuse(tmp_path: Path) -> None:
    assert _ops(_graph(models.chain_net(), tmp_path)) == [
        ("Conv", "Relu"),
        ("Conv", "Clip"),
        ("MaxPool",),
        ("Conv", "LeakyRelu"),
        ("GlobalAveragePool",),
        ("Flatten",),
        ("Gemm",),
    ]


def test_swish_and_residual_sums_fuse(tmp_path: Path) -> None:
    ops = _ops(_graph(models.residual_net(blocks=1), tmp_path))
    assert ops[:4] == [("Conv", "Relu"), ("Conv", "Sigmoid", "Mul"), ("Conv",), ("Add", "Relu")]


def test_tensors_inside_a_layer_are_not_listed(tmp_path: Path) -> None:
    graph = _graph(models.residual_net(blocks=1), tmp_path)
    assert not {"stem", "a0", "a0.gate", "b0.sum"} & graph.tensors.keys()
    assert all(name in graph.tensors for layer in graph.layers for name in (*layer.inputs, *layer.outputs))


def test_an_output_between_two_nodes_stays_visible(tmp_path: Path) -> None:
    model = models.chain_net()
    model.graph.output.append(helper.make_tensor_value_info("c3", TensorProto.FLOAT, None))
    graph = _graph(model, tmp_path)
    assert graph.outputs == ("y", "c3")
    assert ("LeakyRelu",) in _ops(graph)
    assert graph.tensors["c3"].shape == (1, 12, 4, 4)


def test_a_tensor_with_two_readers_stays_visible(tmp_path: Path) -> None:
    model = models.chain_net()
    model.graph.node.append(helper.make_node("Neg", ["c3"], ["negative"], name="neg"))
    model.graph.output.append(helper.make_tensor_value_info("negative", TensorProto.FLOAT, None))
    assert ("LeakyRelu",) in _ops(_graph(model, tmp_path))


def test_a_bias_in_a_node_of_its_own_joins_its_product(tmp_path: Path) -> None:
    model = models.chain_net()
    model.graph.node[6].input[2] = ""
    bias = models.feeds(model)["x"][0, 0, :12, :1].reshape(1, 12, 1, 1)
    model.graph.initializer.append(numpy_helper.from_array(bias, "bias"))
    model.graph.node[7].input[0] = "biased"
    model.graph.node.insert(7, helper.make_node("Add", ["c3", "bias"], ["biased"], name="add"))
    assert _ops(_graph(model, tmp_path))[3] in {("Conv", "LeakyRelu"), ("Conv", "Add", "LeakyRelu")}


@pytest.mark.parametrize(
    "factory", [models.chain_net, models.residual_net, models.branch_net, models.choice_net]
)
def test_layers_are_topological_and_hold_every_node_once(factory: object, tmp_path: Path) -> None:
    graph = _graph(factory(), tmp_path)  # type: ignore[operator]
    known = set(graph.inputs)
    for index, layer in enumerate(graph.layers):
        assert layer.index == index
        assert known.issuperset(layer.inputs)
        known.update(layer.outputs)
    assert known.issuperset(graph.outputs)
    positions = sorted(position for layer in graph.layers for position in layer.nodes)
    assert positions == list(range(len(graph.model.graph.node)))
    assert len({layer.name for layer in graph.layers}) == len(graph.layers)


def test_nameless_nodes_are_named_after_what_they_make(tmp_path: Path) -> None:
    model = models.chain_net()
    for node in model.graph.node:
        node.name = "MaxPool_p2" if node.output[0] == "c3" else ""
    names = [layer.name for layer in _graph(model, tmp_path).layers]
    assert names[1:4] == ["Conv_c2", "MaxPool_p2", "MaxPool_p2_2"]
