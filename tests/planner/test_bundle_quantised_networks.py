"""Networks that were quantised before: their integers are what is planned, packed, sent and run."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import MACHINE

from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.bundle import build_bundle
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.shared.bundle import Bundle
from evosplit.shared.graph import Graph, graph_from_model, load_graph, parse_cut, prefix_cuts
from evosplit.shared.link import Link
from evosplit.shared.profile import Profile
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model
from evosplit.shared.weight_sizes import layer_weight_bytes, quantised_weights
from evosplit.shared.weights import restore_weights, strip_weights
from tests.models import chain_net, feeds, save


@pytest.fixture(scope="module", params=["chain", "resnet20_cifar10"])
def graphs(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Graph]:
    """A float network, and the same as a QDQ model from a file."""
    folder = tmp_path_factory.mktemp("model")
    if request.param == "chain":
        graph = load_graph(save(chain_net(), folder))
    else:
        graph = load_graph(request.getfixturevalue("shared_models") / f"{request.param}.onnx")
    return graph, load_graph(save(timed_integers(graph)(graph.model), folder, "pairs"))


def byte_weights(graph: Graph) -> dict[str, np.ndarray]:
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.model.graph.initializer}
    used = {name for layer in graph.layers for name in layer.weights}
    return {name: array for name, array in stored.items() if array.dtype == np.int8 and name in used}


def test_integer_weights_stay_and_belong_to_the_layer_that_reads_them(graphs) -> None:
    plain, pairs = graphs
    assert byte_weights(pairs)
    layers = [layer for layer in pairs.layers if byte_weights(pairs).keys() & set(layer.weights)]
    assert {layer.op for layer in layers} <= {"Conv", "Gemm"}
    assert all("DequantizeLinear" in layer.fused for layer in layers)
    assert sum(layer.macs for layer in pairs.layers) == sum(layer.macs for layer in plain.layers)


def test_every_cut_of_a_quantised_network_is_exact(graphs) -> None:
    _, pairs = graphs
    one = feeds(pairs.model)
    whole = Runner(pairs.model, optimise=False).run(one)
    for cut in prefix_cuts(pairs)[::4]:
        head = Runner(head_model(pairs, cut), optimise=False)
        edge = head.run({name: one[name] for name in head.input_names})
        tail = Runner(tail_model(pairs, cut), optimise=False)
        for name, array in {**edge, **tail.run({name: edge[name] for name in cut.boundary})}.items():
            if name in whole:
                np.testing.assert_allclose(array, whole[name], rtol=1e-5, atol=1e-6)


def test_their_bytes_are_counted_as_they_stand_and_never_requantised(graphs) -> None:
    _, pairs = graphs
    packed = quantised_weights(pairs)
    for layer, sizes in zip(pairs.layers, layer_weight_bytes(pairs, (2, 8)), strict=True):
        held = byte_weights(pairs).keys() & set(layer.weights)
        if held:
            bare = sum(byte_weights(pairs)[name].size for name in held)
            assert layer.name not in packed
            assert sizes[2] == sizes[8] == sizes[32]
            assert bare < sizes[32] <= bare + 64 * 17 + 16


def test_bundles_pack_the_integers_as_they_are(graphs, tmp_path: Path) -> None:
    _, pairs = graphs
    seconds = (1e-6,) * len(pairs.layers)
    profile = Profile(pairs.name, pairs.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)
    errors = measure_errors(pairs, [feeds(pairs.model, seed) for seed in range(2)], threads=1)
    table = plan_table(Problem(pairs, profile, profile, errors, Link(1e6, 0.01), Limits()))
    bundle = Bundle.open(tmp_path / "net.evb", build_bundle(pairs, table, None, tmp_path / "net.evb"))
    skeleton, taken = strip_weights(pairs.model)
    big = {name: array for name, array in byte_weights(pairs).items() if name in taken}
    assert big
    assert len(bundle.read(bundle.manifest.skeleton)) == len(skeleton.SerializeToString())
    restored = {
        name: decode_tensor(one)
        for name, one in bundle.weights(dict.fromkeys(bundle.manifest.weights, 32)).items()
    }
    for name, array in big.items():
        assert list(bundle.manifest.weights[name]) == ["32"]
        np.testing.assert_array_equal(restored[name], array)
        assert restored[name].dtype == np.int8
    whole = graph_from_model(restore_weights(skeleton, restored), pairs.name, pairs.sha256)
    one = feeds(pairs.model)
    found = Runner(head_model(whole, parse_cut(whole, str(len(whole.layers))))).run(one)
    for name, array in Runner(pairs.model).run(one).items():
        np.testing.assert_array_equal(found[name], array)
