"""Edge agents in this process, each with its own plan table, that answer a camera's frames."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.cells.inputs import Network
from benchmarks.traces.uplinks import Piece, follow
from evosplit.cli.demo.frames import to_ppm
from evosplit.cli.measured.tiers import Bench
from evosplit.edge.agent import Agent
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.link.payloads import picture_codec
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.settings import EdgeSettings
from evosplit.library.band_rows import PLANNED
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_to_data
from evosplit.shared.link import Link
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.result import Result

PERIOD_S: Final = 0.5
"""A camera of two frames a second; the next one waits until the last is answered."""
_WARM_FRAMES: Final = 4
"""So many come before the planned strategy's, which learns the link by them; one before any other's."""


@dataclass(frozen=True)
class Course:
    """What became of frames: seconds of each that went the strategy's way, and how many did not.

    ``ways`` says by which cut each went, and in which codec where a picture was sent.
    """

    latency_s: tuple[float, ...] = ()
    others: int = 0
    ways: tuple[str, ...] = ()

    def then(self, more: Course) -> Course:
        """Both, one after the other."""
        return Course(self.latency_s + more.latency_s, self.others + more.others, self.ways + more.ways)


@dataclass(frozen=True)
class Camera:
    """One agent and the frames that it gets."""

    agent: Agent
    pictures: Sequence[bytes]
    bench: Bench
    rtt_s: float

    async def play(self, piece: Piece, strategy: str) -> Course:
        """Frames by a strategy over a piece of a trace, after a few over its first bandwidth.

        Of a strategy that needs the cloud, answers of the edge are not its own; all of the planned one's are.
        """
        self.bench.shaper.set_link(Link(piece.bandwidths_bps[0], self.rtt_s))
        for number in range(_WARM_FRAMES if strategy == PLANNED else 1):
            await self._send(strategy, number)
        driver = asyncio.create_task(follow(self.bench.shaper, piece, self.rtt_s))
        try:
            return await self._frames(strategy, piece.seconds)
        finally:
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)

    async def _frames(self, strategy: str, seconds: float) -> Course:
        began_s, number, taken = time.perf_counter(), 0, Course()
        while (due_s := number * PERIOD_S) < seconds and time.perf_counter() - began_s < seconds:
            await asyncio.sleep(max(0.0, began_s + due_s - time.perf_counter()))
            taken = taken.then(await self._send(strategy, number))
            number += 1
        return taken

    async def _send(self, strategy: str, number: int) -> Course:
        picture = self.pictures[number % len(self.pictures)]
        ticket, started_s = Ticket(secrets.token_hex(8), strategy=strategy), time.perf_counter()
        result = (await self.agent.frames.take_picture(picture, ticket)).result
        spent_s = time.perf_counter() - started_s
        return Course((spent_s,), 0, (self._way(result),)) if _is_own(result, strategy) else Course(others=1)

    def _way(self, result: Result) -> str:
        plans = choices(self.agent.plans.model.table)
        plan = next((plan for plan in plans if plan.digest == result.plan_digest), None)
        codec = None if plan is None else picture_codec(plan)
        return codec or result.cut_key or ""


def _is_own(result: Result, strategy: str) -> bool:
    return strategy == PLANNED or result.answered_by != "edge-fallback"


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
