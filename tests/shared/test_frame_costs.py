"""What a frame takes beside the network. No seconds are asserted, only what is measured at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.frame_costs import CAMERA, FrameCosts, measure_frame, typical_picture, with_frame
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.machine import this_machine
from evosplit.shared.picture_codes import CODECS
from evosplit.shared.profile import Profile
from tests.models import chain_net, save

CARD = {
    "version": 1,
    "name": "a test",
    "input": {"colour": "RGB", "resize": {"kind": "stretch"}, "scale": "1/255"},
    "output": {"kind": "raw"},
}


@pytest.fixture
def net(tmp_path: Path) -> tuple[Graph, Card]:
    graph = load_graph(save(chain_net(), tmp_path))
    return graph, check_card(card_from_data(CARD), graph)


def test_every_way_to_send_a_picture_is_measured(net: tuple[Graph, Card]) -> None:
    found = measure_frame(*net, rounds=1)
    assert tuple(found.picture_s) == CODECS
    assert min(found.frame_s, found.prepare_s, *found.picture_s.values()) > 0


def test_pictures_that_are_given_are_used(net: tuple[Graph, Card]) -> None:
    graph, card = net
    seen = typical_picture(card)[:7, :9]
    assert measure_frame(graph, card, [seen], rounds=1).prepare_s > 0


def test_a_typical_picture_is_a_cameras_but_for_thumbnails(net: tuple[Graph, Card]) -> None:
    _, card = net
    assert typical_picture(card).shape[:2] == card.input.size
    large = card.model_copy(update={"input": card.input.model_copy(update={"size": (224, 224)})})
    assert typical_picture(large).shape[:2] == CAMERA


def test_a_slower_device_takes_longer_for_all_of_it() -> None:
    profile = Profile("m", "s", this_machine(), 1, 8.0, (1.0,), {0: 0.0, 1: 1.0}, {0: 1.0, 1: 0.0}, 0.0, 0.0)
    slow = with_frame(profile, FrameCosts(1.0, 2.0, {"png": 3.0}))
    wanted = dataclasses.replace(profile, frame_s=8.0, prepare_s=16.0, picture_s={"png": 24.0})
    assert slow == wanted
