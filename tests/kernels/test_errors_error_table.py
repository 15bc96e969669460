"""NaN and infinity: masks are measured around, and what reaches an output is one line with its layer."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.kernels.errors.error_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.weight_sizes import quantised_weights

STEPS, WIDTH = 16, 32


def mask_net(path: Path, stored: np.ndarray | None = None) -> Graph:
    """Attention with an additive mask, an input unless ``stored``: softmax(x W + mask) V."""
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.normal(size=(WIDTH, STEPS)).astype(np.float32),
        "v": rng.normal(size=(STEPS, WIDTH)).astype(np.float32),
    }
    if stored is not None:
        weights["mask"] = stored
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["scores"], name="query"),
        helper.make_node("Add", ["scores", "mask"], ["masked"], name="masking"),
        helper.make_node("Softmax", ["masked"], ["shares"], axis=-1, name="sharing"),
        helper.make_node("MatMul", ["shares", "v"], ["y"], name="mixing"),
    ]
    inputs = {"x": [1, STEPS, WIDTH]} | ({} if stored is not None else {"mask": [1, STEPS, STEPS]})
    graph = helper.make_graph(
        nodes,
        "attention",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, STEPS, WIDTH])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return load_graph(path)


def causal() -> np.ndarray:
    return np.triu(np.full((1, STEPS, STEPS), -np.inf, np.float32), 1)


def inputs(count: int = 3, **others: np.ndarray) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [{"x": rng.normal(size=(1, STEPS, WIDTH)).astype(np.float32), **others} for _ in range(count)]


def test_a_mask_stays_float_and_the_rest_is_measured(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx")
    table = measure_errors(graph, inputs(mask=causal()), threads=1)
    held = {name for name in ("mask", "masked") if name in graph.tensors}
    assert "mask" in held
    assert set(table.plain_bytes) == held
    assert {"x", "y"} <= table.activations.keys()
    assert 0 < table.activations["x"].error[4] < 1
    assert from_json(ErrorTable, to_json(table), InputError) == table


def test_a_mask_that_is_finite_on_some_inputs_stays_float_too(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx")
    open_mask = np.zeros((1, STEPS, STEPS), np.float32)
    table = measure_errors(graph, [*inputs(2, mask=open_mask), *inputs(1, mask=causal())], threads=1)
    assert "mask" in table.plain_bytes


def test_a_mask_among_the_weights_stays_float(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx", causal())
    holders = [layer for layer, names in quantised_weights(graph).items() if "mask" in names]
    assert holders, "the mask is big enough to be packed, were it finite"
    table = measure_errors(graph, inputs(), threads=1)
    assert not table.weights.keys() & set(holders)


def test_a_mask_that_leaves_nothing_is_one_line_with_its_layer(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx")
    closed = np.full((1, STEPS, STEPS), -np.inf, np.float32)
    with pytest.raises(InputError) as caught:
        measure_errors(graph, [*inputs(1, mask=causal()), *inputs(1, mask=closed)], threads=1)
    assert "calibration input 1 leads to NaN or infinity in output 'y'" in str(caught.value)
    assert "first made by layer 'sharing'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_overflow_names_the_layer_that_makes_it(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx", np.zeros((1, STEPS, STEPS), np.float32))
    huge = [{"x": np.full((1, STEPS, WIDTH), 3e38, np.float32)}]
    with pytest.raises(InputError, match="first made by layer"):
        measure_errors(graph, huge, threads=1)


def test_nan_in_a_calibration_input_is_named(tmp_path: Path) -> None:
    graph = mask_net(tmp_path / "net.onnx")
    broken = np.full((1, STEPS, STEPS), np.nan, np.float32)
    with pytest.raises(InputError, match="calibration input 0 has NaN in 'mask'"):
        measure_errors(graph, inputs(1, mask=broken), threads=1)


@pytest.mark.parametrize("value", [0.0, 1.0, -3e38, 1e-40])
def test_inputs_that_are_all_equal_are_measured(tmp_path: Path, value: float) -> None:
    graph = mask_net(tmp_path / "net.onnx")
    same = {"mask": np.full((1, STEPS, STEPS), min(value, 1.0), np.float32)}
    table = measure_errors(graph, [{"x": np.full((1, STEPS, WIDTH), 0.5, np.float32), **same}] * 3, threads=1)
    assert all(low <= 0 <= high for one in table.activations.values() for low, high in one.ranges.values())


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_tables_refuse_figures_that_are_not_finite(broken: float) -> None:
    good, bad = {4: 0.1}, {4: broken}
    fine = ActivationErrors(good, good, good, good, good, good)
    wrong = ActivationErrors(good, good, good, good, bad, good)
    for table in (
        lambda: ErrorTable("net", "0", 1, {"conv": WeightErrors(bad, good, good)}, {}, {}),
        lambda: ErrorTable("net", "0", 1, {}, {"conv": wrong}, {}),
        lambda: ErrorTable("net", "0", 1, {}, {"t": fine}, {"conv": broken}),
    ):
        with pytest.raises(InputError, match="'conv' is not finite"):
            table()
