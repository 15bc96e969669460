"""The picture of a plan: every layer in its place, no boxes over one another, files that can be read."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from evosplit.library.plots.figure import file_figure, save_axes
from evosplit.library.plots.picture import Layout, Words, layout, ordered, rows_of
from evosplit.library.plots.picture.order import crossings
from evosplit.library.plots.plan_picture import plot_plan
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.graph import Graph, graph_from_model, load_graph, prefix_cut
from evosplit.shared.graph.passes import normalise
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from tests import models
from tests.planner.graphs import random_graph


def drawn_graph(seed: int, layers: int) -> Graph:
    return random_graph(random.Random(seed), layers)  # noqa: S311


def plan_at(graph: Graph, index: int) -> Plan:
    cut = prefix_cut(graph, index)
    edge = [graph.layers[at] for at in cut.layers]
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={layer.name: 4 for layer in edge if layer.weights},
        activation_bits={name: 32 for layer in edge for name in layer.outputs},
        wire={name: TensorCode(6) for name in cut.boundary},
        latency=Latency(0.01, 0.02, 0.03),
        link=Link(5e6, 0.02),
        wire_bytes=1234 if cut.boundary else 0,
        edge_memory_bytes=5678,
        error=0.0005,
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_layer_has_a_place_of_its_own(seed: int) -> None:
    graph = drawn_graph(seed, 1 + seed % 25)
    placed = layout(graph)
    assert {node.layer for node in placed.places if node.layer is not None} == set(range(len(graph.layers)))
    check_no_overlap(placed)
    for upper, lower, _ in placed.drawn.lines:
        above, below = placed.places[upper], placed.places[lower]
        assert lower.row == upper.row + 1
        assert (below.column, below.y) > (above.column, above.y) or below.column > above.column


def check_no_overlap(placed: Layout) -> None:
    boxes = [place for node, place in placed.places.items() if not node.is_bend]
    for one, other in itertools.combinations(boxes, 2):
        assert abs(one.y - other.y) >= 1 or abs(one.x - other.x) >= 1 - 1e-9
    assert all(0.5 <= place.x <= placed.width - 0.5 + 1e-9 for place in boxes)
    assert all(0.5 <= place.y <= placed.height - 0.5 for place in boxes)


@pytest.mark.parametrize("seed", range(20))
def test_ordering_never_adds_crossings(seed: int) -> None:
    drawn = rows_of(drawn_graph(seed, 20))
    below: dict = {}
    for upper, lower, _ in drawn.lines:
        below.setdefault(upper, []).append(lower)
    assert crossings(ordered(drawn).rows, below) <= crossings(drawn.rows, below)


def test_crossings_are_counted() -> None:
    a, b, c, d = (rows_of(drawn_graph(0, 4)).rows[0][0], "b", "c", "d")
    assert crossings([(a, b), (c, d)], {a: [d], b: [c]}) == 1
    assert crossings([(a, b), (c, d)], {a: [c], b: [d]}) == 0
    assert crossings([(a, b), (c, d)], {a: [c, d], b: [c, d]}) == 1


def test_layout_is_the_same_each_time() -> None:
    graph = drawn_graph(3, 15)
    assert layout(graph) == layout(graph)


def test_words_say_bits_and_bytes() -> None:
    graph = graph_from_model(normalise(models.chain_net()), "net", "0")
    words = Words(graph, plan_at(graph, 1))
    nodes = {node.layer: node for node in layout(graph).places}
    assert words.side(nodes[0]) == "edge"
    assert words.side(nodes[1]) == "cloud"
    assert words.text(nodes[0]).endswith("w 4 · a f")
    assert words.label(words.plan.boundary[0]) == "6 bit, 1.23 kB"
    assert "1.23 kB on the wire" in words.title()
    whole = plan_at(graph, 0)
    pictured = replace(whole, wire={name: TensorCode(8, codec="jpeg-85") for name in whole.boundary})
    assert Words(graph, pictured).label(whole.boundary[0]) == "jpeg-85, 1.23 kB"
    assert "nothing on the wire" in Words(graph, plan_at(graph, len(graph.layers))).title()


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_files(tmp_path: Path, suffix: str) -> None:
    graph = graph_from_model(normalise(models.residual_net()), "net", "0")
    for index in (0, 2, len(graph.layers)):
        path = tmp_path / f"plan{index}.{suffix}"
        save_axes(plot_plan(graph, plan_at(graph, index), file_figure), path)
        assert path.stat().st_size > 1000


def test_files_that_cannot_be(tmp_path: Path) -> None:
    graph = graph_from_model(normalise(models.chain_net()), "net", "0")
    axes = plot_plan(graph, plan_at(graph, 1), file_figure)
    with pytest.raises(UsageError, match="xyz"):
        save_axes(axes, tmp_path / "plan.xyz")
    with pytest.raises(EvoSplitError, match="cannot write"):
        save_axes(axes, tmp_path / "missing" / "plan.svg")


@pytest.mark.parametrize("name", ["squeezenet1.1", "resnet56_cifar10", "yolox_nano"])
def test_real_networks_fit_a_page(shared_models: Path, name: str) -> None:
    placed = layout(load_graph(shared_models / f"{name}.onnx"))
    check_no_overlap(placed)
    assert placed.width < 25
    assert placed.height < 45
