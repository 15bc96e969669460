"""Plays frames over one link, strategy by strategy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from cli.demo.client import DemoFrame, EdgeClient
from cli.demo.rows import STRATEGIES, Row, Shot, Strategy, make_row

SHARE: Final[dict[Strategy, float]] = {"planned": 0.4, "edge": 0.2, "cloud-raw": 0.2, "cloud-jpeg": 0.2}
"""How the time on one link is shared; each strategy gets at least ``MIN_FRAMES`` all the same."""
MIN_FRAMES: Final = 3
SETTLING_LIMIT_S: Final = 6.0
SETTLING_S: Final = 3.0
SETTLED_FRAMES: Final = 4
"""A plan counts as settled when it is the same for so many frames in a row, ``SETTLING_S`` after the change:
an agent that sends nothing probes the link only once a second."""


async def play_link(
    client: EdgeClient,
    new_frames: Callable[[], Iterator[DemoFrame]],
    bandwidth_bps: float,
    seconds: float,
    report: Callable[[Strategy, Shot], None],
) -> tuple[Row, ...]:
    """Rows of all strategies over the link as it is shaped now; each sees the same frames."""
    rows = []
    for strategy in STRATEGIES:
        settling = await _settle(client, new_frames()) if strategy == "planned" else 0
        shots = await _shoot_for(client, new_frames(), strategy, SHARE[strategy] * seconds, report)
        rows.append(make_row(bandwidth_bps, strategy, shots, settling))
    return tuple(rows)


async def _settle(client: EdgeClient, frames: Iterator[DemoFrame]) -> int:
    """Send frames until the agent has noticed the new link; how many that took."""
    started_s = time.monotonic()
    cuts: list[str] = []
    while len(cuts) < SETTLED_FRAMES or time.monotonic() < started_s + SETTLING_LIMIT_S:
        cuts.append((await client.shoot(next(frames), "planned")).cut)
        same = len(set(cuts[-SETTLED_FRAMES:])) == 1
        if same and len(cuts) >= SETTLED_FRAMES and time.monotonic() >= started_s + SETTLING_S:
            break
    return len(cuts)


async def _shoot_for(
    client: EdgeClient,
    frames: Iterator[DemoFrame],
    strategy: Strategy,
    seconds: float,
    report: Callable[[Strategy, Shot], None],
) -> list[Shot]:
    deadline_s = time.monotonic() + seconds
    shots: list[Shot] = []
    while len(shots) < MIN_FRAMES or time.monotonic() < deadline_s:
        shots.append(await client.shoot(next(frames), strategy))
        report(strategy, shots[-1])
    return shots
