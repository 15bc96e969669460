"""The small models in ../shared/data/trials, which went wrong once: each of them is right now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, load_graph, prefix_cuts
from evosplit.shared.graph.passes import Pins
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, tail_model

LAYERS = {
    "dynamic_size": ["Conv"],
    "not_sorted": ["Conv"],
    "opset24": ["Conv"],
    "string_label": ["LinearClassifier"],
    "unused_input": ["Conv"],
    "zipmap": ["LinearClassifier"],
}
PINS = {"dynamic_size": Pins({"x": (1, 3, 64, 64)})}


@pytest.fixture(scope="module")
def trials(shared_data: Path) -> Path:
    return shared_data / "trials"


def _load(trials: Path, name: str) -> Graph:
    return load_graph(trials / f"{name}.onnx", pins=PINS.get(name, Pins()))


def _original(path: Path, feeds: dict[str, np.ndarray]) -> dict[str, object]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rest = {one.name: one.shape for one in session.get_inputs() if one.name not in feeds}
    given = {**feeds, **{name: np.zeros(shape, np.float32) for name, shape in rest.items()}}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_every_cut_answers_as_the_file_does(name: str, trials: Path) -> None:
    graph = _load(trials, name)
    assert [layer.op for layer in graph.layers] == LAYERS[name]
    feeds = random_feeds(graph.model)
    whole = _original(trials / f"{name}.onnx", feeds)
    for cut in prefix_cuts(graph):
        head, tail = Runner(head_model(graph, cut)), Runner(tail_model(graph, cut))
        edge = head.run({key: feeds[key] for key in head.input_names})
        split = {**edge, **tail.run({key: edge[key] for key in cut.boundary})}
        for key in graph.outputs:
            _check_same(split[key], whole[key])


def _check_same(found: np.ndarray, wanted: object) -> None:
    if isinstance(wanted, list):  # what ZipMap makes: a map from class to score for each row
        np.testing.assert_allclose(found, [list(row.values()) for row in wanted], rtol=1e-5)
    elif found.dtype == object:
        assert list(found) == list(np.asarray(wanted))
    else:
        np.testing.assert_allclose(found, np.asarray(wanted), rtol=1e-5, atol=1e-5)


def test_strings_cross_no_cut(trials: Path) -> None:
    for name in ("string_label", "zipmap"):
        graph = _load(trials, name)
        assert graph.tensors["label"].dtype == "object"
        assert {key for cut in prefix_cuts(graph) for key in cut.boundary} == {"x"}


def test_the_map_is_named_in_one_line(trials: Path) -> None:
    (line,) = _load(trials, "zipmap").remarks
    assert line == "output 'm' is a map (ZipMap): its values are served as a tensor, in the order a, b, c"


def test_the_unused_input_is_listed(trials: Path) -> None:
    graph = _load(trials, "unused_input")
    assert graph.inputs == ("x",)
    assert [(one.name, one.shape) for one in graph.unused_inputs] == [("unused", (1, 5))]


def test_without_a_size_the_option_is_named(trials: Path) -> None:
    with pytest.raises(ModelError, match=r"dynamic dimension 2 \(h\); say its size: --shape x="):
        load_graph(trials / "dynamic_size.onnx")


def test_huge_weights_load_and_split(trials: Path) -> None:
    """What they do to errors is for `measure_errors` to say."""
    graph = _load(trials, "huge_weights")
    assert [layer.op for layer in graph.layers] == ["Conv"]
