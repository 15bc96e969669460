"""Edge agents in this process, each with its own plan table, that answer a camera's frames."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.cells.inputs import Network
from benchmarks.traces.uplinks import Trace, follow
from evosplit.cli.demo.frames import to_ppm
from evosplit.cli.measured.tiers import Bench
from evosplit.edge.agent import Agent
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.settings import EdgeSettings
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_to_data
from evosplit.shared.plan import PlanTable
from evosplit.shared.result import Result

PERIOD_S: Final = 0.5
"""A camera of two frames a second; the next one waits until the last is answered."""
_WARM_FRAMES: Final = 4


@dataclass(frozen=True)
class Course:
    """What became of a trace's frames: seconds of each that went the strategy's way, and how many did not."""

    latency_s: tuple[float, ...]
    others: int
    cuts: tuple[str, ...]


@dataclass(frozen=True)
class Camera:
    """One agent and the frames that it gets."""

    agent: Agent
    pictures: Sequence[bytes]
    bench: Bench
    rtt_s: float

    async def play(self, trace: Trace, strategy: str, seconds: float | None = None) -> Course:
        """Frames by a strategy from the trace's start for so long, or to its end.

        Of a strategy that needs the cloud, answers of the edge are not its own; all of the planned one's are.
        """
        for number in range(_WARM_FRAMES):
            await self._send(f"{trace.name}-{strategy}-warm-{number}", strategy, number)
        driver = asyncio.create_task(follow(self.bench.shaper, trace, self.rtt_s))
        try:
            return await self._frames(trace, strategy, seconds or trace.seconds)
        finally:
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)

    async def _frames(self, trace: Trace, strategy: str, seconds: float) -> Course:
        began_s, number, taken = time.perf_counter(), 0, []
        while (due_s := number * PERIOD_S) < seconds and time.perf_counter() - began_s < seconds:
            await asyncio.sleep(max(0.0, began_s + due_s - time.perf_counter()))
            taken.append(await self._send(f"{trace.name}-{strategy}-{number}", strategy, number))
            number += 1
        own = [(spent_s, result) for spent_s, result in taken if _is_own(result, strategy)]
        cuts = tuple(result.cut_key or "" for _, result in own)
        return Course(tuple(spent_s for spent_s, _ in own), len(taken) - len(own), cuts)

    async def _send(self, frame_id: str, strategy: str, number: int) -> tuple[float, Result]:
        picture = self.pictures[number % len(self.pictures)]
        started_s = time.perf_counter()
        finished = await self.agent.frames.take_picture(picture, Ticket(frame_id, strategy=strategy))
        return time.perf_counter() - started_s, finished.result


def _is_own(result: Result, strategy: str) -> bool:
    return strategy == "planned" or result.answered_by != "edge-fallback"


@contextlib.asynccontextmanager
async def camera(
    bench: Bench,
    network: Network,
    table: PlanTable,
    name: str,
    slowdown: float,
    folder: Path,
    rtt_s: float,
) -> AsyncIterator[Camera]:
    """An agent that serves from this table, and asks for no other."""
    data = folder / name
    data.mkdir()
    path = data / "table.evb"
    digest = build_bundle(network.graph, table, card_to_data(network.card), path, "card")
    settings = EdgeSettings(
        cloud_url=bench.shaper.url,
        model=network.graph.name,
        data=data,
        slowdown=slowdown,
        integers=False,
        hooks=False,
        calibration_bytes=0,
    )
    pictures = [to_ppm(pixels) for pixels in network.frames]
    bundle = Bundle.open(path, digest)
    async with running_agent(settings, bundle, bench.token, bench.session, without=("plans",)) as agent:
        await agent.plans.build_all()
        yield Camera(agent, pictures, bench, rtt_s)
