"""Sparse answers: a card reads of the rows that came what it reads of all; what lies is not made whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from card_examples import card, graph
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.answer_rows import ROWS, likely_outputs, rows_over, whole_outputs
from evosplit.shared.card import Card
from evosplit.shared.graph.graph import Graph
from evosplit.shared.postprocess import postprocess

SIDE, PICTURE, LABELS = 32, (48, 64), ["cat", "dog", "cow"]
ANCHORS = 21
"""Of YOLOX on an input of 32 x 32: 16 + 4 + 1."""
KINDS: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = {
    "yolox": ({"kind": "boxes-yolox"}, {"y": (1, ANCHORS, 8)}),
    "yolov5": ({"kind": "boxes-yolov5"}, {"y": (1, 30, 8)}),
    "yolov8": ({"kind": "boxes-yolov8"}, {"y": (1, 7, 30)}),
    "yolov8 with masks": (
        {"kind": "boxes-yolov8", "rest": 2, "tensor": "y"},
        {"y": (1, 9, 30), "m": (1, 2, 4)},
    ),
    "rows": ({"kind": "boxes-rows"}, {"y": (1, 30, 6)}),
    "ssd": ({"kind": "boxes-ssd"}, {"scores": (1, 30, 4), "boxes": (1, 30, 4)}),
    "ssd without background": (
        {"kind": "boxes-ssd", "background": None},
        {"scores": (1, 30, 3), "boxes": (1, 30, 4)},
    ),
    "ssd, suppressed": (
        {"kind": "boxes-ssd", "classes": "classes"},
        {"scores": (1, 30), "boxes": (1, 30, 4), "classes": (1, 30)},
    ),
    "faces": (
        {"kind": "faces-ultraface", "encoded": False},
        {"scores": (1, 30, 2), "boxes": (1, 30, 4)},
    ),
}


def _example(
    kind: str, score: float, seed: int, unlikely: float
) -> tuple[Card, Graph, dict[str, np.ndarray]]:
    """Outputs of which a share ``unlikely`` of all rows scores next to nothing."""
    output, shapes = KINDS[kind]
    labels = ["face"] if kind == "faces" else LABELS
    prepared = card(input__size=[SIDE, SIDE], output={**output, "score": score}, labels=labels)
    rng = np.random.default_rng(seed)
    made = {name: rng.uniform(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    axis = 2 if kind.startswith("yolov8") else 1
    count = next(iter(shapes.values()))[axis]
    dull = rng.uniform(size=count) < unlikely
    for name, values in made.items():
        if name in ("classes", "labels", "boxes", "m"):
            continue
        values[(slice(None),) * axis + (dull,)] *= np.float32(1e-3)
    if "classes" in made:
        made["classes"] = rng.integers(0, 4, (1, 30)).astype(np.float32)
    if kind == "rows":
        made["y"][..., 5] = rng.integers(0, 3, 30)
    return prepared, graph({"x": (1, 3, SIDE, SIDE)}, shapes), made


@pytest.mark.parametrize("kind", KINDS)
@given(
    score=st.floats(0, 1).map(lambda share: float(np.float32(share))),
    seed=st.integers(0, 10**6),
    unlikely=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
def test_a_card_reads_the_same(kind: str, score: float, seed: int, unlikely: float) -> None:
    prepared, network, outputs = _example(kind, score, seed, unlikely)
    few = likely_outputs(prepared, outputs, rows_over(prepared))
    whole = whole_outputs(network, few)
    assert {name: values.shape for name, values in whole.items()} == {
        name: network.tensors[name].shape for name in network.outputs
    }
    assert postprocess(prepared, whole, PICTURE) == postprocess(prepared, outputs, PICTURE)


@pytest.mark.parametrize("kind", KINDS)
def test_few_rows_come(kind: str) -> None:
    prepared, _, outputs = _example(kind, 0.3, 1, 0.9)
    few = likely_outputs(prepared, outputs, 0.3)
    assert 0 < len(few[ROWS]) < 10
    assert (
        sum(values.nbytes for values in few.values()) < sum(values.nbytes for values in outputs.values()) / 2
    )
    assert "m" not in few  # no card reads it


def test_nothing_likely_is_one_row() -> None:
    prepared, network, outputs = _example("yolox", 0.5, 2, 1.0)
    few = likely_outputs(prepared, outputs, 0.5)
    assert few["y"].shape == (1, 1, 8)
    assert postprocess(prepared, whole_outputs(network, few), PICTURE).outcome == {"boxes": []}


@pytest.mark.parametrize("score", [-0.1, 1.5, float("nan"), True, "0.3"])
def test_a_score_that_is_none_leaves_all(score: object) -> None:
    prepared, _, outputs = _example("yolox", 0.5, 2, 1.0)
    assert likely_outputs(prepared, outputs, score) is outputs


def test_other_cards_read_everything() -> None:
    classes = card()
    outputs = {"y": np.zeros((1, 3), np.float32)}
    assert rows_over(classes) is None
    assert rows_over(None) is None
    assert likely_outputs(classes, outputs, 0.3) is outputs
    assert likely_outputs(None, outputs, 0.3) is outputs


def test_what_cannot_be_left_out_comes_whole() -> None:
    prepared, _, outputs = _example("yolov8 with masks", 0.5, 3, 1.0)
    texts = {**outputs, "m": np.array([["a", "b"]], object)}
    assert likely_outputs(prepared, texts, 0.5) is texts
    bad = {**outputs, "y": outputs["y"].copy()}
    bad["y"][0, 0, 5] = np.nan
    assert likely_outputs(prepared, bad, 0.5) is bad
    misfit = {"y": np.zeros((1, 30), np.float32), "m": outputs["m"]}
    assert likely_outputs(prepared, misfit, 0.5) is misfit
    elsewhere = {"m": outputs["m"]}
    assert likely_outputs(prepared, elsewhere, 0.5) is elsewhere


@pytest.mark.parametrize(
    "rows",
    [
        np.array([3, 30], np.int32),
        np.array([-1, 3], np.int32),
        np.array([3, 3], np.int32),
        np.array([5, 3], np.int32),
        np.array([1, 2, 3], np.int32),
        np.array([], np.int32),
        np.array([[1, 2]], np.int32),
        np.array([1, 2], np.int64),
        np.array([1.0, 2.0], np.float32),
    ],
)
def test_rows_that_lie_are_not_made_whole(rows: np.ndarray) -> None:
    _, network, _ = _example("yolov5", 0.5, 4, 1.0)
    told = {"y": np.ones((1, 2, 8), np.float32), ROWS: rows}
    assert whole_outputs(network, told)["y"].shape == (1, 2, 8)


@pytest.mark.parametrize("shape", [(1, 2, 7), (2, 2, 8), (2, 8), (1, 8, 2), (1, 1, 2, 8)])
def test_tensors_of_other_widths_are_not_made_whole(shape: tuple[int, ...]) -> None:
    _, network, _ = _example("yolov5", 0.5, 4, 1.0)
    told = {"y": np.ones(shape, np.float32), ROWS: np.array([1, 2], np.int32)}
    assert whole_outputs(network, told)["y"].shape == shape
