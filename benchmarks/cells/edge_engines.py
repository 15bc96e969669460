"""Edge engines in this process, one per plan, behind the HTTP client and a shaped link."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
from numpy.typing import NDArray

from benchmarks.cells.inputs import Network
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Job, Strategy
from evosplit.edge.pipeline.serving import EdgeModel, Serving
from evosplit.edge.pipeline.stages import DECODE, READ, ComputeThread
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.input_picture import picture_of
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.postprocess import postprocess
from evosplit.shared.result import Breakdown

TIMEOUT_S: Final = 60.0
_LOOKS: Final = 8
_FRAMES: Final = 4
"""How often an agent looks at a new link, with so many frames behind each look ..."""
_LEARNING_S: Final = 5.0
"""... until so much time has gone."""


@dataclass(frozen=True)
class TimedAnswer:
    """One frame: seconds from its pixels to its outcome, and where they went."""

    latency_s: float
    wire_bytes: int
    breakdown: Breakdown


class Edge:
    """Plays one network's frames by plan or by strategy; it waits as a machine ``slowdown`` times slower."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str, network: Network, slowdown: float
    ) -> None:
        self._network = network
        self._uplink = Uplink(session, url, network.graph.name, token)
        self._compute = ComputeThread(slowdown)
        self._link = LinkState(Link(1e7))
        self._cloud = CloudLink(self._uplink, self._link, TIMEOUT_S)
        self._heads: Heads | None = None
        self._turn = 0

    def load(self, plans: Sequence[Plan]) -> None:
        """Pack the plans into a bundle and open it as an edge does."""
        table = _table(plans)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle.evb"
            digest = build_bundle(self._network.graph, table, None, path)
            self._heads = Heads(Bundle.open(path, digest))
            for plan in plans:
                self._heads.build(plan)

    async def learnt(self, plan: Plan | None) -> Link:
        """A link that the edge never saw, as it estimates it after a few looks, and frames under ``plan``."""
        self._link = LinkState(Link(1e7))
        self._cloud = CloudLink(self._uplink, self._link, TIMEOUT_S)
        watch, end_s = LinkWatch(self._cloud, 1.0), time.perf_counter() + _LEARNING_S
        for turn in range(_LOOKS):
            await watch.look()
            if plan is not None and (turn == 0 or time.perf_counter() < end_s):
                for _ in range(_FRAMES):
                    await self.send("planned", plan)
        return self._cloud.link

    async def send(self, strategy: Strategy, plan: Plan) -> TimedAnswer:
        """One frame. For the strategies that need no plan, ``plan`` is not looked at."""
        assert self._heads is not None
        card = self._network.card
        model = EdgeModel(self._heads.graph, card, _table([plan]))
        plans = CurrentPlan(Serving(model, self._heads), self._link)
        engine = Engine(plans, self._compute, self._cloud)
        await plans.start()
        pixels = self._frame()
        started_s = time.perf_counter()
        job = Job("cell", "cells", self._network.graph.name, strategy)
        read = functools.partial(picture_of, card, pixels, strategy == "cloud-jpeg")
        job = replace(job, picture=await self._compute.run_stage(DECODE, job.times, read))
        answer = await engine.answer(job)
        size = int(pixels.shape[0]), int(pixels.shape[1])
        read_answer = functools.partial(postprocess, card, answer.outputs, size)
        await self._compute.run_stage(READ, job.times, read_answer)
        return TimedAnswer(time.perf_counter() - started_s, answer.wire_bytes, job.times.breakdown())

    def close(self) -> None:
        """End the thread that computes."""
        self._compute.close()

    def _frame(self) -> NDArray[np.uint8]:
        self._turn += 1
        return self._network.frames[self._turn % len(self._network.frames)]


def _table(plans: Sequence[Plan]) -> PlanTable:
    """All plans in one table; the bandwidths say nothing, and nobody falls back."""
    breakpoints = tuple(float(index + 1) for index in range(len(plans) - 1))
    return PlanTable(plans[0].model, plans[0].model_sha256, 0.0, breakpoints, tuple(plans), None)
