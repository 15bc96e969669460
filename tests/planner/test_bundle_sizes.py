"""What packed heads of real networks weigh in a bundle, wire headers and scales counted."""

from pathlib import Path

import pytest

from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable
from evosplit.shared.weight_sizes import quantised_weights


def whole_on_the_edge(graph: Graph, bits: int) -> PlanTable:
    weighted = {layer.name: 32 for layer in graph.layers if layer.weights}
    plan = Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=str(len(graph.layers)),
        boundary=(),
        weight_bits={**weighted, **dict.fromkeys(quantised_weights(graph), bits)},
        activation_bits={},
        wire={},
        latency=Latency(0.0, 0.0, 0.0),
        link=Link(1e6),
        wire_bytes=0,
        edge_memory_bytes=0,
        error=0.0,
    )
    return PlanTable(graph.name, graph.sha256, 0.0, (), (plan,), None)


def weight_bytes(graph: Graph, bits: int, path: Path) -> int:
    bundle = Bundle.open(path, build_bundle(graph, whole_on_the_edge(graph, bits), None, path))
    files = (name for packed in bundle.manifest.weights.values() for name in packed.values())
    return sum(len(bundle.read(name)) for name in files)


@pytest.mark.parametrize("name", ["squeezenet1.1", "resnet56_cifar10", "lprnet", "mobilenetv2"])
def test_eight_bits_take_a_quarter_and_four_an_eighth(name: str, shared_models: Path, tmp_path: Path) -> None:
    graph = load_graph(shared_models / f"{name}.onnx")
    floats = 4 * sum(layer.weight_elements for layer in graph.layers)
    assert weight_bytes(graph, 8, tmp_path / "8.evb") < 0.26 * floats
    assert weight_bytes(graph, 4, tmp_path / "4.evb") < 0.135 * floats
