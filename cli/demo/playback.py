"""Interleaved measurement of all strategies over one link."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.cli.demo.links import DemoLink
from evosplit.cli.demo.report_rows import Row, make_row
from evosplit.cli.demo.strategies import PLANNED_WAY, DemoStrategy, TimedAnswer

MIN_ROUNDS: Final = 5
TOO_SLOW_FACTOR: Final = 3.0
"""Times the fastest: such a strategy is never the best one, however often it is measured."""
TOO_SLOW_FRAMES: Final = 2
"""How many frames of a strategy that is too slow are measured ..."""
HOPELESS_S: Final = 2.0
"""... and of one that takes longer than this, the first alone."""
SETTLING_LIMIT_S: Final = 12.0
SETTLING_S: Final = 4.0
SETTLED_FRAMES: Final = 20
"""A plan counts as settled when it is the same for so many frames in a row, ``SETTLING_S`` after the change:
an agent that sends nothing probes the link only once a second."""

Report = Callable[[str, TimedAnswer], None]
NewFrames = Callable[[], Iterator[DemoFrame]]
Played = Mapping[DemoStrategy, EdgeClient]
"""The strategies, each with the agent that is asked for it."""


async def play_link(
    played: Played,
    new_frames: NewFrames,
    link: DemoLink,
    seconds: float,
    report: Report,
    settling_s: float = SETTLING_S,
) -> tuple[Row, ...]:
    """Rows of all strategies over the link as it is shaped now, ``settling_s`` after the change or later.

    They take turns, so that noise meets all alike, and each sees the same frames.
    """
    settling = await _settle(played[PLANNED_WAY], new_frames(), settling_s)
    answers = await _rounds(played, {way: new_frames() for way in played}, seconds, report)
    return tuple(
        make_row(link.name, link.link.bandwidth_bps, way, taken, settling if way is PLANNED_WAY else 0)
        for way, taken in answers.items()
        if taken
    )


async def _settle(client: EdgeClient, frames: Iterator[DemoFrame], least_s: float) -> int:
    """Send frames until the agent has noticed the new link; how many that took."""
    started_s = time.monotonic()
    cuts: list[str] = []
    while time.monotonic() < started_s + SETTLING_LIMIT_S:
        answer = await client.send(next(frames), PLANNED_WAY.request)
        cuts.append("" if answer is None else answer.cut)
        same = len(cuts) >= SETTLED_FRAMES and len(set(cuts[-SETTLED_FRAMES:])) == 1
        if same and time.monotonic() >= started_s + least_s:
            break
    return len(cuts)


@dataclass(frozen=True)
class _Turns:
    """The answers of all strategies so far; those in ``over`` get no further frames."""

    played: Played
    frames: Mapping[DemoStrategy, Iterator[DemoFrame]]
    report: Report
    answers: dict[DemoStrategy, list[TimedAnswer]]
    over: set[DemoStrategy] = field(default_factory=set)

    async def send(self, way: DemoStrategy) -> None:
        """One more frame; a way that the agent's plans have no more is over."""
        answer = await self.played[way].send(next(self.frames[way]), way.request)
        if answer is None:
            self.over.add(way)
            return
        self.answers[way].append(answer)
        self.report(way.name, answer)

    async def look(self) -> None:
        """First frames, which only tell which ways are too slow, and count for those alone.

        They find all cold, so that a second frame decides.
        """
        for way in self.played:
            await self.send(way)
        took = [answers[0] for way, answers in self.answers.items() if answers and way.took(answers[0])]
        fastest_s = min(answer.latency_s for answer in took)
        for way, answers in self.answers.items():
            if answers and _is_too_slow(way, answers[0], fastest_s):
                while len(answers) < _few(answers[0]) and way not in self.over:
                    await self.send(way)
                if _is_too_slow(way, answers[-1], fastest_s):
                    self.over.add(way)
            if way not in self.over:
                answers.clear()


async def _rounds(
    played: Played, frames: Mapping[DemoStrategy, Iterator[DemoFrame]], seconds: float, report: Report
) -> dict[DemoStrategy, list[TimedAnswer]]:
    """Frames of all strategies, in turn, for so long."""
    turns = _Turns(played, frames, report, {way: [] for way in played})
    await turns.look()
    deadline_s, rounds = time.monotonic() + seconds, 0
    while rounds < MIN_ROUNDS or time.monotonic() < deadline_s:
        rounds += 1
        for way in played:
            if way not in turns.over:
                await turns.send(way)
    return turns.answers


def _few(first: TimedAnswer) -> int:
    return 1 if first.latency_s > HOPELESS_S else TOO_SLOW_FRAMES


def _is_too_slow(way: DemoStrategy, answer: TimedAnswer, fastest_s: float) -> bool:
    """Whether it takes so long, or fails, that few frames must do; a split may have waited for a tail."""
    is_slow = answer.latency_s > TOO_SLOW_FACTOR * fastest_s
    return way is not PLANNED_WAY and not way.is_split and (is_slow or not way.took(answer))
