"""Agreement of answers, and the drop of networks that answer with boxes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.calibration.files import LabelledFeeds
from planner.drop.agreement import agreement, boxes_kept
from planner.drop.boxes import BoxesDrop, mean_drop
from planner.drop.judges import judge_for
from shared.card import card_from_data, check_card, load_card
from shared.errors import InputError, UsageError
from shared.graph import Cut, Graph, load_graph, prefix_cut
from shared.link import Link
from shared.pictures import decode_picture
from shared.plan import Latency, Plan, TensorCode
from shared.preprocess import preprocess

CARDS = Path(__file__).parents[2] / "cli" / "cards"

INPUT = {"colour": "RGB", "size": [8, 8], "resize": {"kind": "stretch"}}
CORNERS = st.tuples(
    st.integers(0, 6), st.integers(0, 6), st.integers(1, 5), st.integers(1, 5), st.integers(0, 1)
)


def box(left: int, top: int, width: int, height: int, kind: int = 0) -> dict[str, object]:
    return {"class": kind, "score": 0.9, "box": [left, top, left + width, top + height]}


def most_pairs(true: list[dict[str, object]], told: list[dict[str, object]]) -> int:
    """By trying every way to pair."""
    fits = [[boxes_kept([one], [other]) == 1 for other in told] for one in true]
    short, long = (fits, len(told)) if len(true) <= len(told) else (list(map(list, zip(*fits))), len(true))  # noqa: B905
    ways = itertools.permutations(range(long), len(short))
    return max((sum(row[at] for row, at in zip(short, way, strict=True)) for way in ways), default=0)


@given(st.lists(CORNERS, max_size=4), st.lists(CORNERS, max_size=4))
def test_boxes_pair_nearly_as_well_as_they_can(
    first: list[tuple[int, ...]], second: list[tuple[int, ...]]
) -> None:
    true, told = [box(*one) for one in first], [box(*one) for one in second]
    kept = boxes_kept(true, told) * max(len(true), len(told), 1)
    most = most_pairs(true, told) if true or told else 1
    assert most / 2 <= kept <= most + 1e-9


def test_lost_and_invented_boxes_cost_alike() -> None:
    one, two = box(0, 0, 4, 4), box(4, 4, 3, 3)
    assert boxes_kept([], []) == 1
    assert boxes_kept([one, two], [one, two]) == 1
    assert boxes_kept([one, two], [one]) == boxes_kept([one], [two, one]) == 0.5
    assert boxes_kept([one], [{**one, "class": 1}]) == 0


def test_classes_agree_or_not() -> None:
    output = {"kind": "classes", "scores": "logits"}
    card = card_from_data({"version": 1, "name": "a", "input": INPUT, "output": output})
    right = {"y": np.array([[0.1, 2.0, 0.3]], np.float32)}
    assert agreement(card, right, {"y": np.array([[0.1, 0.5, 0.3]], np.float32)}) == 1
    assert agreement(card, right, {"y": np.array([[0.9, 0.5, 0.3]], np.float32)}) == 0


def test_raw_answers_cannot_be_compared() -> None:
    card = card_from_data({"version": 1, "name": "a", "input": INPUT, "output": {"kind": "raw"}})
    with pytest.raises(UsageError, match="cannot be compared"):
        agreement(card, {"y": np.zeros(3)}, {"y": np.zeros(3)})


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_the_promise_is_never_below_what_was_seen(lost: list[float]) -> None:
    drop = mean_drop(lost)
    assert drop.lower <= drop.measured <= drop.promised
    assert drop.measured < drop.expected or drop.measured == 1


def test_more_inputs_promise_more() -> None:
    assert mean_drop([0.0] * 200).promised < mean_drop([0.0] * 20).promised < 0.6
    assert replace(mean_drop([0.0] * 20), upper=0.0).holds(0.0)


def test_no_inputs() -> None:
    with pytest.raises(InputError, match="no calibration inputs"):
        BoxesDrop(None, None, [])  # type: ignore[arg-type]


def test_detectors_drop_less_the_more_bits(shared_models: Path, shared_data: Path) -> None:
    graph = load_graph(shared_models / "ultraface_rfb320.onnx")
    card = check_card(load_card(CARDS / "ultraface_rfb320.yaml"), graph)
    paths = sorted((shared_data / "coco").rglob("*.jpg"))[:16]
    feeds = tuple(dict(preprocess(card, decode_picture(path.read_bytes()))) for path in paths)
    judge = judge_for(graph, card, LabelledFeeds(feeds, None), None)
    cut = prefix_cut(graph, 20)
    drops = [judge(split_at(graph, cut, bits), 1.0) for bits in (2, 8, 32)]
    assert drops[0].measured > drops[1].measured >= drops[2].measured == 0.0
    assert drops[2].inputs == len(feeds)


def split_at(graph: Graph, cut: Cut, bits: int) -> Plan:
    weights = {graph.layers[at].name: 32 for at in cut.layers}
    wire = {name: TensorCode(bits) for name in cut.boundary}
    spent = (Latency(0.0, 0.0, 0.0), Link(1e6), 0, 0, 0.0)
    return Plan(graph.name, graph.sha256, cut.key, cut.boundary, weights, {}, wire, *spent)
