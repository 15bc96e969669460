"""Each pass by itself."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import graph_from_model
from evosplit.shared.graph.passes import (
    annotate_shapes,
    fold_constants,
    normalise,
    pin_shapes,
    unlist_weights,
    widen_halves,
)
from evosplit.shared.session import Runner
from tests import models


def _data_dependent() -> onnx.ModelProto:
    """Positions of the positive elements: how many there are depends on the input."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("NonZero", ["r"], ["at"], name="nonzero"),
        helper.make_node("Cast", ["at"], ["floats"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floats"], ["y"], name="sum", keepdims=0),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 20])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])]
    graph = helper.make_graph(nodes, "net", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_passes_leave_their_input_alone() -> None:
    for factory in (models.listed_net, models.half_net, models.dynamic_net, models.constant_net):
        model = factory()
        before = model.SerializeToString(deterministic=True)
        normalise(model)
        assert model.SerializeToString(deterministic=True) == before


def test_unlisting_keeps_real_inputs() -> None:
    model = unlist_weights(models.listed_net())
    assert [value.name for value in model.graph.input] == ["x"]
    assert model.ir_version >= 4


def test_pinning_sets_only_the_batch() -> None:
    model = pin_shapes(models.chain_net(batch="N"))
    assert [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim] == [1, 3, 16, 16]


def test_pinning_follows_the_symbol_of_the_batch() -> None:
    model = models.branch_net()
    for value, axis in ((model.graph.input[0], 0), (model.graph.input[1], 1)):
        value.type.tensor_type.shape.dim[axis].dim_param = "N"
    pinned = pin_shapes(model)
    assert [dim.dim_value for dim in pinned.graph.input[1].type.tensor_type.shape.dim] == [1, 1]


def test_a_fixed_batch_stays() -> None:
    model = pin_shapes(models.chain_net(batch=4))
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


def test_inputs_that_are_no_tensors_are_refused() -> None:
    model = models.chain_net()
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    model.graph.input.append(helper.make_value_info("list", kind))
    with pytest.raises(ModelError, match="'list' is not a tensor"):
        pin_shapes(model)


def test_widening_reaches_constants_casts_and_branches() -> None:
    model = models.choice_net()
    inner = model.graph.node[4].attribute[0].g
    half = numpy_helper.from_array(np.ones(3, np.float16), "half")
    inner.node.append(helper.make_node("Constant", [], ["k"], value=half))
    inner.node.append(helper.make_node("Cast", ["k"], ["l"], to=TensorProto.FLOAT16))
    inner.initializer.append(half)
    assert TensorProto.FLOAT16 not in _types(widen_halves(model))


def _types(model: onnx.ModelProto) -> set[int]:
    inner = model.graph.node[4].attribute[0].g
    attributes = [attribute for node in inner.node for attribute in node.attribute]
    types = {attribute.t.data_type for attribute in attributes} | {attribute.i for attribute in attributes}
    return types | {tensor.data_type for tensor in inner.initializer}


def test_constant_nodes_become_weights_and_unused_weights_go() -> None:
    model = models.chain_net()
    model.graph.initializer.append(numpy_helper.from_array(np.ones(9, np.float32), "unused"))
    node = helper.make_node("Mul", ["c3.w", "c3.w"], ["square"], name="square")
    model.graph.node.insert(0, node)
    next(n for n in model.graph.node if n.name == "conv_c3").input[1] = "square"
    folded = fold_constants(model)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in folded.graph.initializer}
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    np.testing.assert_array_equal(weights["square"], held["c3.w"] ** 2)
    assert not {"unused", "c3.w"} & weights.keys()
    assert "Mul" not in {n.op_type for n in folded.graph.node}


def test_random_sources_are_not_folded() -> None:
    model = models.chain_net()
    model.graph.node.append(helper.make_node("RandomNormal", [], ["noise"], shape=[1, 5]))
    model.graph.node.append(helper.make_node("Add", ["y", "noise"], ["noisy"]))
    model.graph.output[0].name = "noisy"
    assert "RandomNormal" in {node.op_type for node in fold_constants(model).graph.node}


def test_shapes_that_depend_on_the_data_are_measured_and_stay_open() -> None:
    model = normalise(_data_dependent())
    graph = graph_from_model(model, "net", "0")
    rows, count = graph.tensors["at"].shape
    assert rows == 2
    assert 0 < count <= 20
    positive = Runner(model).run({"x": np.ones((1, 20), np.float32)})
    assert positive["y"] == sum(range(20))


def test_every_tensor_has_a_shape() -> None:
    for factory in (models.chain_net, models.residual_net, models.branch_net, models.choice_net):
        model = annotate_shapes(factory())
        named = {value.name for value in (*model.graph.value_info, *model.graph.output)}
        assert named.issuperset(name for node in model.graph.node for name in node.output)
