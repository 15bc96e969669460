"""The drop of networks whose answers are kept in part: boxes, pictures, values."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.drop.shares import SharesDrop, mean_drop
from evosplit.shared.card import card_from_data, check_card, load_card
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.preprocess import preprocess
from tests.models import picture_net, save

CARDS = Path(__file__).parents[2] / "cli" / "cards"


ROOMS = st.lists(st.floats(0, 1) | st.floats(0, 100) | st.just(math.inf), min_size=2, max_size=50)


@given(ROOMS, st.booleans())
def test_the_promise_is_never_below_what_was_seen(rooms: list[float], is_graded: bool) -> None:
    drop = mean_drop(rooms, is_graded)
    assert drop.lower <= drop.measured <= drop.promised
    assert drop.measured <= drop.expected


def test_more_inputs_promise_more() -> None:
    assert mean_drop([1.0] * 200).promised < mean_drop([1.0] * 20).promised < 0.6
    assert mean_drop([1.0] * 250).holds(0.01)
    assert not mean_drop([1.0] * 200).holds(0.01)


def test_what_is_the_float_network_itself_needs_no_inputs_to_show_it() -> None:
    assert mean_drop([math.inf] * 2).promised == 0


def test_values_are_trusted_beyond_their_worst_error() -> None:
    """Sixteen stay six decibels from the tolerance: one more may be twice as far off and lose nothing."""
    assert mean_drop([2.0] * 16, is_graded=True).promised == 0
    assert mean_drop([1.5] * 16, is_graded=True).promised > 0
    assert mean_drop([1.5] * 64, is_graded=True).promised == 0
    assert mean_drop([2.0, 5.0], is_graded=True).promised > 0
    assert mean_drop([0.5, 5.0], is_graded=True).measured == 0.25


def test_no_inputs() -> None:
    with pytest.raises(InputError, match="no calibration inputs"):
        SharesDrop(None, None, [])  # type: ignore[arg-type]


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


@pytest.mark.parametrize("card_kind", ["image", "raw", None])
def test_pictures_and_values_have_a_drop(tmp_path: Path, card_kind: str | None) -> None:
    """A network that gives a picture back: more bits lose less, float nothing, whatever its card says."""
    graph = load_graph(save(picture_net(), tmp_path))
    input_ = {"colour": "RGB", "scale": "1/255", "resize": {"kind": "stretch"}}
    data = {"version": 1, "name": "a", "input": input_, "output": {"kind": card_kind}}
    card = check_card(card_from_data(data), graph) if card_kind else None
    inputs = tuple({"x": np.random.default_rng(seed).random((1, 3, 16, 16), np.float32)} for seed in range(6))
    judge = judge_for(graph, card, LabelledFeeds(inputs, None), None)
    cut = prefix_cut(graph, 1)
    drops = [judge(split_at(graph, cut, bits), 1.0) for bits in (2, 8, 32)]
    assert drops[0].measured > drops[1].measured >= drops[2].promised == 0
