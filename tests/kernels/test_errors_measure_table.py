import numpy as np
import pytest
from onnx import numpy_helper

from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.kernels.errors.output_error import divergence, noise_to_signal
from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.errors import EvoSplitError, InputError
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model
from evosplit.shared.weight_sizes import quantised_weights
from evosplit.shared.weights import restore_weights
from tests.models import branch_net, dynamic_net, feeds, residual_net, save

BITS = (2, 3, 4, 5, 6, 8, 16)


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Graph, list[dict[str, np.ndarray]], ErrorTable]:
    model = residual_net()
    graph = load_graph(save(model, tmp_path_factory.mktemp("model")))
    calibration = [feeds(model, seed) for seed in range(6)]
    return graph, calibration, measure_errors(graph, calibration, threads=1)


class Steps:
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))


def test_every_tensor_and_every_layer_with_big_weights_is_there(measured) -> None:
    graph, calibration, table = measured
    outputs = {name for layer in graph.layers for name in layer.outputs}
    assert set(table.activations) == outputs | set(graph.inputs)
    assert not table.plain_bytes
    assert table.samples == len(calibration)
    assert table.weights
    for errors in table.activations.values():
        assert set(errors.error) == set(BITS)
        assert set(errors.wire_bytes) == {*BITS, 32}
        assert set(errors.low) == set(errors.high) == {2, 3, 4, 5, 6}
        assert all(errors.low[bits] <= 0 <= errors.high[bits] for bits in errors.low)


def test_errors_fall_with_bits(measured) -> None:
    _, _, table = measured
    for errors in (*table.activations.values(), *table.weights.values()):
        for kind in (errors.error, errors.relative, errors.mse):
            found = [kind[bits] for bits in BITS]
            assert found == sorted(found, reverse=True)


def test_the_mse_is_that_of_the_values(measured) -> None:
    graph, calibration, table = measured
    name = graph.layers[2].outputs[0]
    runner = Runner(head_model(graph, prefix_cut(graph, 3)))
    values = np.concatenate([runner.run(feeds)[name] for feeds in calibration])
    errors = table.activations[name]
    low, high = errors.low[4], errors.high[4]
    mse = float(np.mean(np.square(fake_quantise(values, 4, low, high) - values)))
    assert errors.mse[4] == pytest.approx(mse, rel=0.05)
    assert errors.relative[4] == pytest.approx(mse / np.var(values), rel=0.05)
    for ratio in (1.0, 0.7, 0.4, 0.1):  # no other clip range is much better
        top = float(values.max()) * ratio
        other = float(
            np.mean(np.square(fake_quantise(values, 4, min(values.min(), 0) * ratio, top) - values))
        )
        assert mse <= 1.1 * other


def test_the_error_predicts_the_noise_at_the_output(measured) -> None:
    graph, calibration, table = measured
    whole = Runner(graph.model)
    for stop in range(len(graph.layers)):
        cut = prefix_cut(graph, stop)
        head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
        noise = power = 0.0
        for one in calibration:
            values = head.run(one)
            for name in cut.boundary:
                errors = table.activations[name]
                values[name] = fake_quantise(values[name], 5, errors.low[5], errors.high[5])
            made, right = tail.run({name: values[name] for name in cut.boundary})["y"], whole.run(one)["y"]
            noise, power = noise + float(np.mean(np.square(made - right))), power + float(np.var(right))
        predicted = sum(table.activations[name].error[5] for name in cut.boundary)
        assert noise / power == pytest.approx(predicted, rel=0.9), stop


def test_equal_inputs_give_equal_tables_and_json_keeps_them(measured) -> None:
    graph, calibration, table = measured
    assert measure_errors(graph, calibration, threads=1) == table
    assert from_json(ErrorTable, to_json(table), EvoSplitError) == table


def test_several_outputs_inputs_and_integers(tmp_path) -> None:
    for model in (branch_net(), dynamic_net()):
        graph = load_graph(save(model, tmp_path))
        steps = Steps()
        table = measure_errors(graph, [feeds(model)], steps, threads=1)
        named = {*table.activations, *table.plain_bytes}
        assert named == {*graph.inputs, *(name for layer in graph.layers for name in layer.outputs)}
        assert [done for done, _ in steps.seen] == list(range(1, steps.seen[0][1] + 1))


def test_inputs_that_do_not_fit(measured) -> None:
    graph, calibration, _ = measured
    broken = {"x": np.full_like(calibration[0]["x"], np.nan)}
    for inputs, message in (
        ([], "no calibration inputs"),
        ([{}], "lacks 'x'"),
        ([broken], "has NaN in .x'"),
        ([{"x": np.zeros((1, 2), np.float32)}], "must be"),
        ([{"x": np.full_like(calibration[0]["x"], 3e38)}], "leads to NaN or infinity"),
    ):
        with pytest.raises(InputError, match=message):
            measure_errors(graph, inputs)


@pytest.mark.parametrize(("name", "measure"), [("output", noise_to_signal), ("kl", divergence)])
def test_measured_errors_are_those_of_the_whole_network(measured, name: str, measure) -> None:
    graph, calibration, fast = measured
    table = measure_errors(graph, calibration, threads=1, options=ErrorOptions(measure=name))
    assert table.options.measure == name
    assert {key: one.mse for key, one in table.weights.items()} == {
        key: one.mse for key, one in fast.weights.items()
    }
    right = [Runner(graph.model).run(one) for one in calibration]
    stop = 3
    cut = prefix_cut(graph, stop)
    head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
    made = graph.layers[stop - 1].outputs[0]
    errors = table.activations[made]
    for bits in (2, 4, 8):
        found = []
        for one in calibration:
            values = head.run(one)
            values[made] = fake_quantise(values[made], bits, errors.low.get(bits), errors.high.get(bits))
            found.append(tail.run(values))
        assert errors.error[bits] >= measure(right, found) * 0.999
        wider = [errors.error[more] for more in BITS if more > bits]
        assert errors.error[bits] == pytest.approx(max(measure(right, found), *wider), rel=1e-3, abs=1e-12)


def test_measured_errors_of_weights_per_channel_and_per_tensor(measured) -> None:
    graph, calibration, _ = measured
    right = [Runner(graph.model).run(one) for one in calibration]
    named = quantised_weights(graph)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.model.graph.initializer}
    for kind, axis in (("channel", 0), ("tensor", None)):
        options = ErrorOptions(measure="output", weights=kind)
        table = measure_errors(graph, calibration, threads=1, options=options)
        for layer, names in named.items():
            packed = {name: fake_quantise(stored[name], 3, axis=axis) for name in names}
            runner = Runner(restore_weights(graph.model, packed))
            noise = noise_to_signal(right, [runner.run(one) for one in calibration])
            error = table.weights[layer].error
            assert error[3] == pytest.approx(max(noise, error[4]), rel=0.01)


def test_a_scale_per_channel_is_no_worse_and_other_ranges_are_used(measured) -> None:
    graph, calibration, table = measured
    options = ErrorOptions(measure="mse", clip="min-max", weights="tensor")
    other = measure_errors(graph, calibration, threads=1, options=options)
    for layer, errors in other.weights.items():
        assert errors.error == errors.mse
        assert all(table.weights[layer].mse[bits] <= errors.mse[bits] for bits in BITS)
    for name, found in other.activations.items():
        assert found.error == found.mse
        assert found.low[4] == found.low[2] <= table.activations[name].low[4]
        assert table.activations[name].mse[2] <= 1.02 * found.mse[2]


def test_the_fast_estimate_is_near_what_is_measured(measured) -> None:
    graph, calibration, fast = measured
    slow = measure_errors(graph, calibration, threads=1, options=ErrorOptions(measure="output"))
    for name, errors in fast.activations.items():
        for bits in (4, 5, 6):
            assert 0.3 <= (errors.error[bits] + 1e-9) / (slow.activations[name].error[bits] + 1e-9) <= 10


def test_kl_of_a_network_that_is_no_classifier(tmp_path) -> None:
    model = branch_net()
    graph = load_graph(save(model, tmp_path))
    with pytest.raises(InputError, match="score per class"):
        measure_errors(graph, [feeds(model)], options=ErrorOptions(measure="kl"))


def test_nan_weights_are_one_clear_line(tmp_path) -> None:
    model = residual_net()
    for tensor in model.graph.initializer:
        if tensor.name == "a0.w":
            array = numpy_helper.to_array(tensor).copy()
            array[0, 0, 0, 0] = np.nan
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    graph = load_graph(save(model, tmp_path))
    with pytest.raises(InputError, match="NaN") as caught:
        measure_errors(graph, [feeds(model)], threads=1)
    assert "\n" not in str(caught.value)
