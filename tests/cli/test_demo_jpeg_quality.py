"""The JPEG that keeps the accuracy: the least quality that reads as many of the gate's plates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from edge_support import picture
from net_bundle import load_net, net_card

from evosplit.cli.demo.client import DemoFrame
from evosplit.cli.demo.jpeg_quality import frugal_codec
from evosplit.shared.input_picture import read_picture
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import sized_input
from evosplit.shared.session import Runner


def _frames(graph: Any, card: Any, is_right: Callable[[Any, Any], bool]) -> list[DemoFrame]:
    runner = Runner(graph.model)
    frames = []
    for seed in range(8):
        content = picture(seed)
        outputs = runner.run(sized_input(card, read_picture(card, content).pixels))
        exact = postprocess(card, outputs, (16, 16)).outcome
        frames.append(DemoFrame(content, lambda outcome, exact=exact: is_right(outcome, exact)))
    return frames


def test_where_any_picture_is_right_the_least_quality_does(tmp_path: Any) -> None:
    graph = load_net(tmp_path)
    card = net_card(graph)
    assert frugal_codec(_frames(graph, card, lambda *_: True), graph, card) == "jpeg-30"


def test_where_every_digit_counts_the_best_is_taken(tmp_path: Any) -> None:
    graph = load_net(tmp_path)
    card = net_card(graph)

    def same(outcome: Any, exact: Any) -> bool:
        scores = ([entry["score"] for entry in each["top"]] for each in (outcome, exact))
        return bool(np.allclose(*scores, rtol=1e-7))

    assert frugal_codec(_frames(graph, card, same), graph, card) == "jpeg-98"
