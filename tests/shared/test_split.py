"""Head, then tail, equals the whole model: for every cut of every model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.graph import Cut, Graph, graph_from_model, make_cut, prefix_cut, prefix_cuts
from evosplit.shared.graph.load_model import load_graph
from evosplit.shared.graph.passes import normalise
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import cloud_outputs, edge_outputs, head_model, layer_model, tail_model
from tests import models

TOLERANCE = 1e-4
"""Of the output's range."""

REAL = (
    *("lprnet", "mobilenetv2", "resnet20_cifar10", "resnet56_cifar10", "squeezenet1.1", "superres_x3"),
    *("ultraface_rfb320", "vit_cifar10", "yolox_nano"),
)
SMALL = {
    name: graph_from_model(normalise(factory()), name, "0")
    for name, factory in {
        "chain": models.chain_net,
        "residual": models.residual_net,
        "branch": models.branch_net,
        "choice": models.choice_net,
        "half": models.half_net,
    }.items()
}


def _run_split(graph: Graph, cut: Cut, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
    edge = head.run({name: feeds[name] for name in head.input_names})
    assert set(edge) == {*cut.boundary, *edge_outputs(graph, cut)}
    cloud = tail.run({name: edge[name] for name in cut.boundary})
    assert tuple(cloud) == cloud_outputs(graph, cut)
    return {**edge, **cloud}


def _check_cut(graph: Graph, cut: Cut, feeds: dict[str, np.ndarray], whole: dict[str, np.ndarray]) -> None:
    split = _run_split(graph, cut, feeds)
    for name, wanted in whole.items():
        assert np.ptp(wanted) > 0
        assert np.abs(split[name] - wanted).max() <= TOLERANCE * np.ptp(wanted), (cut.key, name)


@pytest.mark.parametrize("name", REAL)
def test_every_cut_of_every_real_model(name: str, shared_models: Path) -> None:
    graph = load_graph(shared_models / f"{name}.onnx")
    feeds = random_feeds(graph.model)
    original = onnx.load(shared_models / f"{name}.onnx")
    whole = _original_outputs(original, feeds)
    for cut in prefix_cuts(graph):
        _check_cut(graph, cut, feeds, whole)


def test_no_real_model_is_left_out(shared_models: Path) -> None:
    assert {path.stem for path in shared_models.glob("*.onnx")} == set(REAL)


def _original_outputs(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The file as it is, before any of our passes, without ONNX Runtime's optimisers either."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


@pytest.mark.parametrize("name", SMALL)
def test_every_cut_of_small_models(name: str) -> None:
    graph = SMALL[name]
    feeds = random_feeds(graph.model)
    whole = Runner(graph.model).run(feeds)
    for cut in prefix_cuts(graph):
        _check_cut(graph, cut, feeds, whole)


@given(st.sampled_from(("residual", "branch", "choice")), st.data())
@settings(max_examples=40, deadline=None)
def test_cuts_that_are_no_prefixes(name: str, data: st.DataObject) -> None:
    graph = SMALL[name]
    chosen: set[int] = set()
    known = set(graph.inputs)
    for layer in graph.layers:
        if known.issuperset(layer.inputs) and data.draw(st.booleans()):
            chosen.add(layer.index)
            known.update(layer.outputs)
    feeds = random_feeds(graph.model)
    _check_cut(graph, make_cut(graph, chosen), feeds, Runner(graph.model).run(feeds))


@pytest.mark.parametrize("name", SMALL)
def test_parts_are_valid_onnx(name: str) -> None:
    graph = SMALL[name]
    for cut in prefix_cuts(graph)[1:-1]:
        for part in (head_model(graph, cut), tail_model(graph, cut)):
            onnx.checker.check_model(part, full_check=True)


def test_ends_have_no_nodes() -> None:
    graph = SMALL["branch"]
    first, last = prefix_cut(graph, 0), prefix_cut(graph, len(graph.layers))
    head, tail = head_model(graph, first), tail_model(graph, last)
    assert not head.graph.node
    assert [value.name for value in head.graph.input] == ["x", "z"] == [v.name for v in head.graph.output]
    assert not tail.graph.node
    assert not tail.graph.output
    assert edge_outputs(graph, last) == graph.outputs


def test_outputs_are_shared_out_between_edge_and_cloud() -> None:
    graph = SMALL["branch"]
    for cut in prefix_cuts(graph):
        both = (*edge_outputs(graph, cut), *cloud_outputs(graph, cut))
        assert sorted(both) == sorted(graph.outputs)


def test_an_output_that_the_cloud_reads_too_leaves_the_head_once() -> None:
    graph = SMALL["branch"]
    cut = prefix_cut(graph, 1)
    assert "early" in cut.boundary
    assert edge_outputs(graph, cut) == ("early",)
    assert [value.name for value in head_model(graph, cut).graph.output].count("early") == 1


def test_parts_hold_only_their_own_weights() -> None:
    graph = SMALL["chain"]
    for cut in prefix_cuts(graph):
        head = {tensor.name for tensor in head_model(graph, cut).graph.initializer}
        tail = {tensor.name for tensor in tail_model(graph, cut).graph.initializer}
        assert not head & tail


def test_one_layer_alone() -> None:
    graph = SMALL["residual"]
    swish = layer_model(graph, 1)
    assert [node.op_type for node in swish.graph.node] == ["Conv", "Sigmoid", "Mul"]
    onnx.checker.check_model(swish, full_check=True)
