"""Playback of a link: turns, equal runs, hopeless ways, and frames without an answer."""

from __future__ import annotations

from collections import Counter

from evosplit.cli.measured.device_pair import Pair
from evosplit.cli.measured.playback import FEW_FRAMES, Rounds, Shots, play
from evosplit.cli.measured.timed_edge import TimedAnswer
from evosplit.cli.measured.ways import Way
from evosplit.shared.result import Breakdown

ROUNDS = Rounds(seconds=0.0, fewest=4, most=4)


class ScriptedEdge:
    """Answers every strategy after its own seconds; None: it never answers."""

    def __init__(self, latency_s: dict[str, float | None]) -> None:
        self._latency_s = latency_s
        self.sent: list[str] = []
        self.numbers: list[int] = []

    async def send(self, way: Way, number: int) -> TimedAnswer | None:
        self.sent.append(way.strategy)
        self.numbers.append(number)
        latency_s = self._latency_s[way.strategy]
        return None if latency_s is None else TimedAnswer(latency_s, 10, Breakdown(), "0")


async def test_ways_take_turns_after_a_round_that_does_not_count() -> None:
    edge = ScriptedEdge({"edge": 1.0, "cloud-raw": 2.0})
    shots = await play(edge, {name: Way(name) for name in ("edge", "cloud-raw")}, ROUNDS)
    assert edge.sent == ["edge", "cloud-raw"] * 5
    assert edge.numbers == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert {name: len(taken.answers) for name, taken in shots.items()} == {"edge": 4, "cloud-raw": 4}


async def test_equal_runs_are_played_once() -> None:
    edge = ScriptedEdge({"edge": 1.0})
    shots = await play(edge, {"planned": Way("edge"), "edge": Way("edge")}, ROUNDS)
    assert len(edge.sent) == 5
    assert shots["planned"] is shots["edge"]


async def test_what_is_hopeless_gets_few_frames() -> None:
    edge = ScriptedEdge({"edge": 1.0, "cloud-raw": 4.0})
    await play(edge, {name: Way(name) for name in ("edge", "cloud-raw")}, ROUNDS)
    assert Counter(edge.sent) == {"edge": 5, "cloud-raw": 1 + FEW_FRAMES}


async def test_frames_without_an_answer_count_for_nobody() -> None:
    edge = ScriptedEdge({"edge": 1.0, "cloud-raw": None})
    shots = await play(edge, {name: Way(name) for name in ("edge", "cloud-raw")}, ROUNDS)
    assert (shots["cloud-raw"].latency_s, shots["cloud-raw"].missed) == (None, FEW_FRAMES)
    assert shots["edge"].latency_s == 1.0


def test_shots_count_answers_alone() -> None:
    shots = Shots()
    shots.add(None)
    shots.add(TimedAnswer(2.0, 0, Breakdown(), "0"))
    assert (shots.latency_s, shots.missed) == (2.0, 1)


def test_a_faster_cloud_takes_off_its_own_seconds_alone() -> None:
    told = Breakdown(uplink_s=0.5, decode_s=0.025, tail_s=0.075)
    assert Pair(8.0).latency_s(1.0, told) == 1.0
    assert round(Pair(8.0, 4.0).latency_s(1.0, told), 6) == 0.7
