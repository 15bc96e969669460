"""Agreement of answers, and the drop of networks that answer with boxes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.calibration.files import LabelledFeeds
from planner.drop.boxes import BoxesDrop, mean_drop
from planner.drop.judges import judge_for
from shared.card import check_card, load_card
from shared.errors import InputError
from shared.graph import Cut, Graph, load_graph, prefix_cut
from shared.link import Link
from shared.pictures import decode_picture
from shared.plan import Latency, Plan, TensorCode
from shared.preprocess import preprocess

CARDS = Path(__file__).parents[2] / "cli" / "cards"


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
