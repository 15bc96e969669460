"""Interleaved measurement of all strategies over one link."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.cli.demo.report_rows import PLANNED, Row, TimedAnswer, make_row

MIN_ROUNDS: Final = 5
TOO_SLOW_FACTOR: Final = 3.0
"""Times the fastest: such a strategy is never the best one, however often it is measured."""
TOO_SLOW_FRAMES: Final = 2
"""How many frames of a strategy that is too slow are measured."""
SETTLING_LIMIT_S: Final = 12.0
SETTLING_S: Final = 4.0
SETTLED_FRAMES: Final = 20
"""A plan counts as settled when it is the same for so many frames in a row, ``SETTLING_S`` after the change:
an agent that sends nothing probes the link only once a second."""

Report = Callable[[str, TimedAnswer], None]
NewFrames = Callable[[], Iterator[DemoFrame]]


async def play_link(
    client: EdgeClient, new_frames: NewFrames, bandwidth_bps: float, seconds: float, report: Report
) -> tuple[Row, ...]:
    """Rows of all strategies over the link as it is shaped now.

    They take turns, so that noise meets all alike, and each sees the same frames.
    """
    settling = await _settle(client, new_frames())
    frames = {strategy: new_frames() for strategy in await client.strategies()}
    answers = await _rounds(client, frames, seconds, report)
    return tuple(
        make_row(bandwidth_bps, strategy, taken, settling if strategy == PLANNED else 0)
        for strategy, taken in answers.items()
    )


async def _settle(client: EdgeClient, frames: Iterator[DemoFrame]) -> int:
    """Send frames until the agent has noticed the new link; how many that took."""
    started_s = time.monotonic()
    cuts: list[str] = []
    while time.monotonic() < started_s + SETTLING_LIMIT_S:
        cuts.append((await client.send(next(frames), PLANNED)).cut)
        same = len(cuts) >= SETTLED_FRAMES and len(set(cuts[-SETTLED_FRAMES:])) == 1
        if same and time.monotonic() >= started_s + SETTLING_S:
            break
    return len(cuts)


async def _rounds(
    client: EdgeClient, frames: Mapping[str, Iterator[DemoFrame]], seconds: float, report: Report
) -> dict[str, list[TimedAnswer]]:
    """Frames of all strategies, in turn, for so long; the first round, which builds tails, counts little.

    It only tells which strategies are too slow, and counts for those alone.
    """
    first = {strategy: await client.send(next(more), strategy) for strategy, more in frames.items()}
    fastest_s = min(answer.latency_s for answer in first.values())
    too_slow = {name for name, answer in first.items() if _is_too_slow(name, answer, fastest_s)}
    answers = {name: [answer] if name in too_slow else [] for name, answer in first.items()}
    deadline_s, rounds = time.monotonic() + seconds, 0
    while rounds < MIN_ROUNDS or time.monotonic() < deadline_s:
        rounds += 1
        for name, taken in answers.items():
            if name not in too_slow or len(taken) < TOO_SLOW_FRAMES:
                taken.append(await client.send(next(frames[name]), name))
                report(name, taken[-1])
    return answers


def _is_too_slow(strategy: str, answer: TimedAnswer, fastest_s: float) -> bool:
    """Whether it takes so long that few frames must do; a cut may only have waited for its tail."""
    return strategy.startswith("cloud-") and answer.latency_s > TOO_SLOW_FACTOR * fastest_s
