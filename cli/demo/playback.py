"""Plays frames over one link, by all strategies in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.cli.demo.report_rows import PLANNED, Row, Shot, make_row

MIN_ROUNDS: Final = 5
HOPELESS: Final = 3.0
"""Times the fastest: such a strategy is never the best one, however often it is played ..."""
FEW_FRAMES: Final = 2
"""... so that this must do."""
SETTLING_LIMIT_S: Final = 12.0
SETTLING_S: Final = 4.0
SETTLED_FRAMES: Final = 20
"""A plan counts as settled when it is the same for so many frames in a row, ``SETTLING_S`` after the change:
an agent that sends nothing probes the link only once a second."""

Report = Callable[[str, Shot], None]
NewFrames = Callable[[], Iterator[DemoFrame]]


async def play_link(
    client: EdgeClient, new_frames: NewFrames, bandwidth_bps: float, seconds: float, report: Report
) -> tuple[Row, ...]:
    """Rows of all strategies over the link as it is shaped now.

    They take turns, so that noise meets all alike, and each sees the same frames.
    """
    settling = await _settle(client, new_frames())
    frames = {strategy: new_frames() for strategy in await client.strategies()}
    shots = await _rounds(client, frames, seconds, report)
    return tuple(
        make_row(bandwidth_bps, strategy, taken, settling if strategy == PLANNED else 0)
        for strategy, taken in shots.items()
    )


async def _settle(client: EdgeClient, frames: Iterator[DemoFrame]) -> int:
    """Send frames until the agent has noticed the new link; how many that took."""
    started_s = time.monotonic()
    cuts: list[str] = []
    while time.monotonic() < started_s + SETTLING_LIMIT_S:
        cuts.append((await client.shoot(next(frames), PLANNED)).cut)
        same = len(cuts) >= SETTLED_FRAMES and len(set(cuts[-SETTLED_FRAMES:])) == 1
        if same and time.monotonic() >= started_s + SETTLING_S:
            break
    return len(cuts)


async def _rounds(
    client: EdgeClient, frames: Mapping[str, Iterator[DemoFrame]], seconds: float, report: Report
) -> dict[str, list[Shot]]:
    """Frames of all strategies, in turn, for so long; the first round, which builds tails, counts little.

    It only tells which strategies are hopeless, and they keep it.
    """
    first = {strategy: await client.shoot(next(more), strategy) for strategy, more in frames.items()}
    fastest_s = min(shot.latency_s for shot in first.values())
    hopeless = {name for name, shot in first.items() if _is_hopeless(name, shot, fastest_s)}
    shots = {name: [shot] if name in hopeless else [] for name, shot in first.items()}
    deadline_s, rounds = time.monotonic() + seconds, 0
    while rounds < MIN_ROUNDS or time.monotonic() < deadline_s:
        rounds += 1
        for name, taken in shots.items():
            if name not in hopeless or len(taken) < FEW_FRAMES:
                taken.append(await client.shoot(next(frames[name]), name))
                report(name, taken[-1])
    return shots


def _is_hopeless(strategy: str, shot: Shot, fastest_s: float) -> bool:
    """Whether it takes so long that few frames must do; a cut may only have waited for its tail."""
    return strategy.startswith("cloud-") and shot.latency_s > HOPELESS * fastest_s
