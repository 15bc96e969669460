"""The board of the demo: as slow as it is told, with integers that gain as little as a small processor's."""

from __future__ import annotations

from pathlib import Path

import pytest
from net_bundle import load_net

from evosplit.cli.demo import board as module
from evosplit.cli.demo.board import BOARD_GAIN, BOARD_MACS_PER_S, Board, board
from evosplit.shared.errors import ModelError


@pytest.mark.parametrize(("gain", "slower"), [(3.5, 3.5 / BOARD_GAIN), (1.2, 1.0), (0.5, 1.0)])
def test_integers_gain_no_more_than_on_the_board(
    gain: float, slower: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "integer_gain", lambda *_: gain)
    assert board(load_net(tmp_path), 20.0) == Board(20.0, slower)


def test_a_network_without_integers_has_none_to_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise ModelError("no integers")

    monkeypatch.setattr(module, "integer_gain", refuse)
    assert board(load_net(tmp_path), 8.0) == Board(8.0)


def test_without_a_factor_a_board_of_a_fixed_speed_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = load_net(tmp_path)
    board_s = sum(layer.macs for layer in graph.layers) / BOARD_MACS_PER_S
    monkeypatch.setattr(module, "integer_gain", lambda *_: 1.0)
    for here_s, slowdown in ((board_s / 28, 28.0), (2 * board_s, 1.0)):
        monkeypatch.setattr(module, "float_s", lambda _, seconds=here_s: seconds)
        assert board(graph).slowdown == pytest.approx(slowdown)


def test_the_gain_is_measured(tmp_path: Path) -> None:
    assert board(load_net(tmp_path), 8.0).integer_slowdown >= 1.0


def test_an_agent_is_told() -> None:
    assert Board(20.0, 1.7).options == ("--slowdown", "20", "--integer-slowdown", "1.7")
