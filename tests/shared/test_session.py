"""Running a model: right feeds, wrong feeds, nothing to run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.errors import InputError, ModelError
from evosplit.shared.runtime import RUNTIME_ERRORS, reason
from evosplit.shared.session import Runner
from tests import models


def _value(name: str, shape: list[int | None]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _model(nodes: list[onnx.NodeProto], outputs: list[str], shape: list[int | None]) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "net", [_value("x", shape)], [_value(name, shape) for name in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_runs_with_and_without_optimisers() -> None:
    model = models.branch_net()
    feeds = models.feeds(model)
    quick, slow = Runner(model, threads=2), Runner(model, optimise=False)
    assert quick.input_names == ("x", "z")
    assert quick.output_names == ("early", "scores", "up")
    for name, array in quick.run(feeds).items():
        np.testing.assert_allclose(array, slow.run(feeds)[name], rtol=1e-4, atol=1e-5)


def test_a_model_without_nodes_passes_its_inputs_through() -> None:
    runner = Runner(_model([], ["x"], [2]))
    feeds = {"x": np.array([1, 2], np.float32)}
    assert not runner.has_nodes
    np.testing.assert_array_equal(runner.run(feeds)["x"], feeds["x"])
    with pytest.raises(InputError):
        runner.run({})


def test_inputs_and_weights_may_be_outputs() -> None:
    model = _model([helper.make_node("Neg", ["x"], ["y"])], ["x", "y", "w"], [2])
    weight = np.array([5, 6], np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weight, "w"))
    got = Runner(model).run({"x": weight})
    assert list(got) == ["x", "y", "w"]
    np.testing.assert_array_equal([got["x"], got["y"], got["w"]], [weight, -weight, weight])


def test_open_dimensions_take_any_size() -> None:
    runner = Runner(_model([helper.make_node("Neg", ["x"], ["y"])], ["y"], [None, 2]))
    assert runner.run({"x": np.zeros((7, 2), np.float32)})["y"].shape == (7, 2)
    with pytest.raises(InputError, match=r"\?x2 float32"):
        runner.run({"x": np.zeros((2, 7), np.float32)})


X = np.zeros((1, 3, 16, 16), np.float32)


@pytest.mark.parametrize(
    ("feeds", "words"),
    [
        ({}, "input 'x' is missing"),
        ({"x": X, "z": X}, "there is no input 'z'; the inputs are x"),
        ({"x": X[0]}, "3x16x16 float32, but must be 1x3x16x16 float32"),
        ({"x": X[:, :, :8]}, "1x3x8x16 float32"),
        ({"x": X.astype(np.float64)}, "float64"),
        ({"x": X.astype(np.uint8)}, "uint8"),
        ({"x": np.zeros((1, 3, 16, 16), object)}, "object"),
    ],
)
def test_wrong_feeds_end_in_one_line(feeds: Mapping[str, np.ndarray], words: str) -> None:
    with pytest.raises(InputError) as caught:
        Runner(models.chain_net()).run(feeds)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_slices_and_reversed_arrays_are_taken() -> None:
    runner = Runner(models.chain_net())
    wide = np.random.default_rng(0).standard_normal((1, 3, 16, 32)).astype(np.float32)
    view = wide[:, ::-1, :, ::2]
    got = runner.run({"x": view})["y"]
    np.testing.assert_array_equal(got, runner.run({"x": view.copy()})["y"])


def test_a_failure_while_running_is_an_input_error() -> None:
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    model = _model([node], ["y"], [None])
    model.graph.initializer.append(numpy_helper.from_array(np.array([3, -1]), "shape"))
    with pytest.raises(InputError, match="cannot run on this input") as caught:
        Runner(model).run({"x": np.zeros(4, np.float32)})
    assert "\n" not in str(caught.value)


def test_a_model_that_the_runtime_refuses() -> None:
    with pytest.raises(ModelError, match="Nonsense"):
        Runner(_model([helper.make_node("Nonsense", ["x"], ["y"])], ["y"], [2]))


def test_reasons_are_one_bounded_line() -> None:
    error = RUNTIME_ERRORS[0]("[ONNXRuntimeError] : 1 : FAIL : it broke\n  at line 3\n")
    assert reason(error) == "it broke"
    assert len(reason(RuntimeError("x" * 1000))) == 300
    assert reason(RuntimeError("")) == "RuntimeError"


def test_reasons_do_not_show_the_source_of_the_runtime() -> None:
    place = "/src/core/graph.cc:1541 void onnx::Graph::Init(const A&, B*) "
    assert reason(RuntimeError(place + "x was false. Missing: w")) == "x was false. Missing: w"
    assert reason(RuntimeError("utils.cc:15 Validate Initializer 'w': (20 bytes) differ")).startswith("Init")


def test_a_provider_that_is_not_there_is_said_not_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="NoSuchExecutionProvider"):
        Runner(models.chain_net(), providers=("NoSuchExecutionProvider",))
    assert capfd.readouterr() == ("", "")


def test_running_does_not_change_the_arithmetic_of_the_caller() -> None:
    Runner(models.chain_net()).run({"x": X})
    smallest = np.finfo(np.float64).smallest_subnormal
    assert smallest * np.float64(2) > 0
