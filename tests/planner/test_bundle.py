from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import MACHINE

from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.weights import fake_quantise_weights
from evosplit.planner.accuracy_promise import asked_promise
from evosplit.planner.bundle import build_bundle
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.service import kept_plans, service_problem
from evosplit.planner.table import plan_table
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError
from evosplit.shared.graph import Graph, graph_from_model, load_graph, parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan
from evosplit.shared.profile import Profile
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.weight_sizes import layer_weight_bytes, quantised_weights
from evosplit.shared.weights import restore_weights, strip_weights
from tests.models import feeds, residual_net, save


def profile(graph: Graph, layer_s: float) -> Profile:
    seconds = (layer_s,) * len(graph.layers)
    return Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Problem, Mapping[str, np.ndarray]]:
    model = residual_net(blocks=3)
    graph = load_graph(save(model, tmp_path_factory.mktemp("model")))
    calibration = [feeds(model, seed) for seed in range(4)]
    everything = sum(sizes[32] for sizes in layer_weight_bytes(graph, (32,)))
    activations = 4 * 3 * graph.tensors[graph.layers[1].outputs[0]].elements
    problem = Problem(
        graph,
        profile(graph, 2e-3),
        profile(graph, 1e-4),
        measure_errors(graph, calibration, threads=1),
        Link(1e6, 0.001),
        Limits(activations + everything // 2, 0.5),
    )
    return graph, problem, calibration[0]


def rebuilt_head(bundle: Bundle, plan: Plan) -> Runner:
    """What an edge does: the skeleton, the plan's weights decoded into it, and the head of that."""
    skeleton = onnx.load_model_from_string(bundle.read(bundle.manifest.skeleton))
    graph = graph_from_model(skeleton, bundle.manifest.model, bundle.manifest.model_sha256)
    cut = parse_cut(graph, plan.cut_key)
    bits = {
        name: plan.weight_bits[graph.layers[index].name]
        for index in cut.layers
        for name in graph.layers[index].weights
        if name in bundle.manifest.weights
    }
    weights = {name: decode_tensor(tensor) for name, tensor in bundle.weights(bits).items()}
    whole = restore_weights(skeleton, weights)
    return Runner(head_model(graph_from_model(whole, graph.name, graph.sha256), cut))


def quantised_head(graph: Graph, plan: Plan) -> Runner:
    """The same from the original graph: its own weights, fake-quantised."""
    skeleton, weights = strip_weights(graph.model)
    for layer, names in quantised_weights(graph).items():
        bits = plan.weight_bits.get(layer, 32)
        if bits < 32:
            weights |= {name: fake_quantise_weights(weights[name], bits) for name in names}
    whole = graph_from_model(restore_weights(skeleton, weights), graph.name, graph.sha256)
    return Runner(head_model(whole, parse_cut(graph, plan.cut_key)))


def test_an_edge_rebuilds_the_heads_of_all_plans(planned, tmp_path: Path) -> None:
    graph, problem, one = planned
    table = plan_table(problem)
    digest = build_bundle(graph, table, {"name": "net"}, tmp_path / "net.evb")
    bundle = Bundle.open(tmp_path / "net.evb", digest)
    assert bundle.manifest.table == table
    plans = [*table.plans, *([table.fallback] if table.fallback else [])]
    assert any(bits < 32 for plan in plans for bits in plan.weight_bits.values())
    for plan in plans:
        head = rebuilt_head(bundle, plan)
        given = {name: one[name] for name in head.input_names}
        for name, array in quantised_head(graph, plan).run(given).items():
            np.testing.assert_array_equal(head.run(given)[name], array)


def test_only_what_plans_need_is_packed(planned, tmp_path: Path) -> None:
    graph, problem, _ = planned
    table = plan_table(problem)
    cloud_only = replace(
        table, plans=tuple(p for p in table.plans if p.cut_key == "0")[:1], breakpoints_bps=()
    )
    build_bundle(graph, replace(cloud_only, fallback=None), None, tmp_path / "net.evb")
    bundle = Bundle.open(tmp_path / "net.evb")
    assert bundle.manifest.weights == {}
    with pytest.raises(BundleError, match="no 8-bit weights"):
        bundle.weights({"a0.w": 8})


def test_equal_plans_give_equal_bundles(planned, tmp_path: Path) -> None:
    graph, problem, _ = planned
    table = plan_table(problem)
    digests = {build_bundle(graph, table, None, tmp_path / name) for name in "ab"}
    assert len(digests) == 1
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_service_goes_the_whole_way(planned, tmp_path: Path) -> None:
    graph, problem, _ = planned
    sides = (graph, problem.edge, problem.cloud, problem.errors, 0.001)
    asked = service_problem(*sides, problem.limits)
    table, kept = kept_plans(asked, asked_promise(None, 0.5), None)
    assert table == plan_table(problem)
    assert not kept.is_shown
    digest = build_bundle(graph, table, None, tmp_path / "net.evb", "card", 0.01)
    manifest = Bundle.open(tmp_path / "net.evb", digest).manifest
    assert manifest.table == table
    assert (manifest.calibration, manifest.max_drop) == ("card", 0.01)
    other, _ = kept_plans(service_problem(*sides, Limits()), asked_promise(None, 0.5), None)
    assert other.fallback is not None
