"""Sessions on weights that lie outside of the model, against sessions on the whole model."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.external_weights import referring
from evosplit.shared.session import Runner
from evosplit.shared.weights import strip_weights
from tests.models import branch_net, chain_net, dynamic_net, feeds, residual_net


@pytest.mark.parametrize("make", [chain_net, residual_net, branch_net, dynamic_net])
@pytest.mark.parametrize("optimise", [True, False])
def test_outputs_are_those_of_the_whole_model(make, optimise: bool) -> None:
    model = make()
    skeleton, weights = strip_weights(model)
    values = feeds(model)
    whole = Runner(model, optimise=optimise).run(values)
    apart = Runner(skeleton, optimise=optimise, weights=weights).run(values)
    for name, array in whole.items():
        np.testing.assert_array_equal(apart[name], array)


def test_a_changed_weight_counts_and_the_others_stay() -> None:
    model = chain_net()
    skeleton, weights = strip_weights(model)
    changed = {name: np.zeros_like(array) for name, array in weights.items()}
    values = feeds(model)
    zeroed = Runner(skeleton, weights=changed).run(values)
    again = Runner(skeleton, weights=weights).run(values)
    whole = Runner(model).run(values)
    assert any(not np.array_equal(zeroed[name], whole[name]) for name in whole)
    assert all(np.array_equal(again[name], whole[name]) for name in whole)


def test_half_floats_and_weights_that_are_outputs() -> None:
    stored = np.linspace(-1, 1, 512).astype(np.float16).reshape(2, 256)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "half",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT16, [1, 2])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT16, [1, 256]),
            helper.make_tensor_value_info("w", TensorProto.FLOAT16, [2, 256]),
        ],
        [numpy_helper.from_array(np.zeros_like(stored), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    found = Runner(model, weights={"w": stored}).run({"x": np.array([[1, 2]], np.float16)})
    np.testing.assert_array_equal(found["w"], stored)
    np.testing.assert_allclose(found["y"], [stored[0] + 2 * stored[1]], rtol=1e-2)


def test_the_model_itself_carries_no_weights() -> None:
    skeleton, weights = strip_weights(residual_net())
    model, views = referring(skeleton, weights)
    assert views.keys() == weights.keys()
    assert all(
        tensor.data_location == onnx.TensorProto.EXTERNAL
        for tensor in model.graph.initializer
        if tensor.name in weights
    )
    assert referring(skeleton, {}) == (skeleton, {})
