from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from int8_support import packed_weights, simulated, step, whole_ranges, with_quantised_weights

from evosplit.edge.backends.int8 import int8_segment, qdq_model
from evosplit.edge.backends.segment import FrameContext, Segment
from evosplit.shared.graph import Graph, load_graph, parse_cut, prefix_cut
from evosplit.shared.plan import TensorCode
from evosplit.shared.runtime import open_session, session_options
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, layer_model
from evosplit.shared.weights import strip_weights
from tests.models import branch_net, chain_net, feeds, residual_net, save

NETS = {"chain": chain_net, "residual": residual_net, "branch": branch_net}
REAL = ("mobilenetv2", "squeezenet1.1", "resnet20_cifar10", "ultraface_rfb320", "lprnet", "superres_x3")
FRAME = FrameContext()


def executed(model: onnx.ModelProto, folder: Path) -> Counter[str]:
    """Operators that ONNX Runtime runs after its own optimisation."""
    options = session_options()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    open_session(model, options, ["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimised.onnx").graph.node)


def check_layers(
    graph: Graph, codes: Mapping[str, TensorCode], bits: int, one: dict[str, np.ndarray]
) -> None:
    """Each layer alone, from the simulated inputs: off by one quantisation step at most."""
    weights, oracle = packed_weights(graph, bits), with_quantised_weights(graph, bits)
    values = simulated(oracle, codes, one)
    for layer in graph.layers:
        segment = int8_segment(layer_model(graph, layer.index), weights, codes)
        for name, array in segment.run(values, FRAME).items():
            off = np.abs(array.astype(np.float64) - values[name])
            allowed = 1.001 * step(codes[name]) if name in codes else 1e-4 * np.abs(values[name]).max() + 1e-6
            assert off.max() <= allowed, (layer.name, layer.op, layer.fused, name)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(("weight_bits", "bits"), [(8, 8), (4, 8), (8, 4), (2, 6), (3, 2)])
def test_every_layer_agrees_with_the_simulation_to_one_step(
    net: str, weight_bits: int, bits: int, tmp_path: Path
) -> None:
    graph = load_graph(save(NETS[net](), tmp_path))
    inputs = [random_feeds(graph.model, seed) for seed in range(3)]
    check_layers(graph, whole_ranges(graph, inputs, bits), weight_bits, inputs[0])


@pytest.mark.parametrize("name", REAL)
def test_layers_of_real_networks_agree_to_one_step(name: str, shared_models: Path) -> None:
    graph = load_graph(shared_models / f"{name}.onnx")
    inputs = [random_feeds(graph.model, seed) for seed in range(2)]
    check_layers(graph, whole_ranges(graph, inputs, 8), 8, inputs[0])


@pytest.mark.parametrize(("weight_bits", "bits"), [(8, 8), (4, 8), (4, 4)])
def test_a_whole_real_head_stays_near_the_simulation(
    weight_bits: int, bits: int, shared_models: Path
) -> None:
    graph = load_graph(shared_models / "resnet20_cifar10.onnx")
    inputs = [random_feeds(graph.model, seed) for seed in range(2)]
    codes = whole_ranges(graph, inputs, bits)
    cut = parse_cut(graph, "20")
    segment = int8_segment(head_model(graph, cut), packed_weights(graph, weight_bits), codes)
    made = segment.run(inputs[0], FRAME)
    wanted = simulated(with_quantised_weights(graph, weight_bits), codes, inputs[0])
    for name in segment.makes:
        off = np.abs(made[name] - wanted[name]) / step(codes[name])
        assert np.mean(off <= 1.001) > 0.94  # a step in one layer may become several in the next ones
        assert off.mean() < 0.5


def test_convolutions_run_in_integers_and_activations_vanish(tmp_path: Path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    one = random_feeds(graph.model)
    codes = whole_ranges(graph, [one], 8)
    found = executed(qdq_model(graph.model, packed_weights(graph, 8), codes), tmp_path)
    assert set(packed_weights(graph, 8)) == {"c2.w"}
    assert found["QLinearConv"] == 1
    assert found["Conv"] == 2
    assert found["Relu"] == found["Clip"] == 0


def test_segments_keep_their_tensors_names_and_take_stripped_models(tmp_path: Path) -> None:
    graph = load_graph(save(residual_net(), tmp_path))
    one = random_feeds(graph.model)
    codes = whole_ranges(graph, [one], 8)
    head = head_model(graph, prefix_cut(graph, 4))
    bare, floats = strip_weights(head)
    weights = packed_weights(graph, 8)
    assert floats.keys() <= weights.keys()
    segment: Segment = int8_segment(bare, weights, codes)
    whole = int8_segment(head, weights, codes)
    assert (segment.backend, segment.density, segment.reads) == ("int8", 1.0, ("x",))
    assert segment.makes == tuple(value.name for value in head.graph.output)
    for name, array in segment.run({**one, "more": one["x"]}, FRAME).items():
        np.testing.assert_array_equal(array, whole.run(one, FRAME)[name])
    segment.forget("default")


def test_without_codes_a_segment_is_the_float_head_with_packed_weights(tmp_path: Path) -> None:
    graph = load_graph(save(residual_net(), tmp_path))
    one = random_feeds(graph.model)
    segment = int8_segment(
        graph.model, packed_weights(graph, 4), {"t1": TensorCode(8), "t0": TensorCode(16, 0, 1)}
    )
    wanted = Runner(with_quantised_weights(graph, 4).model).run(one)
    np.testing.assert_allclose(segment.run(one, FRAME)["y"], wanted["y"], rtol=1e-5, atol=1e-6)


def test_an_empty_head_hands_its_input_on(tmp_path: Path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    one = feeds(chain_net())
    head = head_model(graph, prefix_cut(graph, 0))
    segment = int8_segment(head, {}, {"x": TensorCode(8, -1.0, 1.0)})
    np.testing.assert_array_equal(segment.run(one, FRAME)["x"], one["x"])
