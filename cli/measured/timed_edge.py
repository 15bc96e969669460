"""Timed frames of an agent's engine in this process, behind its HTTP client and a shaped link."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.cli.measured.device_pair import Pair
from evosplit.cli.measured.ways import Way, held_to, listed
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.clouds import Cloud, Clouds
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job, Strategy
from evosplit.edge.pipeline.stages import DECODE, READ, ComputeThread
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import EdgeModel, Serving
from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.library.band_rows import PLANNED
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import Card
from evosplit.shared.correction.corrections import corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError
from evosplit.shared.graph import Graph
from evosplit.shared.input_picture import picture_of
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.postprocess import postprocess
from evosplit.shared.replan import choices
from evosplit.shared.result import Breakdown

TIMEOUT_S: Final = 60.0
_UNSEEN: Final = Link(1e7)
_LOOKS: Final = 8
_FRAMES: Final = 4
"""How often an agent looks at a new link, with so many frames behind each look ..."""
_LEARNING_S: Final = 2.0
"""... until so much time has gone."""
_FEWEST_SETTLING: Final = 6
_SETTLING_S: Final = 2.0
"""Frames by which the agent's plan settles, and how long it gets at least."""


@dataclass(frozen=True)
class Played:
    """A network and the frames that it gets: pictures (H, W, 3) uint8 RGB, in turn."""

    graph: Graph
    card: Card
    frames: Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class TimedAnswer:
    """One frame: seconds from its pixels to its outcome, and where they went."""

    latency_s: float
    wire_bytes: int
    breakdown: Breakdown
    cut_key: str


class TimedEdge:
    """Plays one network's frames by plan or by strategy."""

    def __init__(self, uplink: Uplink, played: Played, pair: Pair, heads: Heads) -> None:
        self._uplink, self._played, self._pair, self._heads = uplink, played, pair, heads
        self._compute = ComputeThread(pair.slowdown)
        self._forget(_UNSEEN)
        self._course: Course | None = None

    async def learnt(self, plan: Plan | None) -> Link:
        """A link that the edge never saw, as it estimates it after a few looks, and frames under ``plan``."""
        self._forget(_UNSEEN)
        watch, end_s = LinkWatch(self._cloud, 1.0), time.perf_counter() + _LEARNING_S
        for turn in range(_LOOKS):
            await watch.look()
            if plan is not None and (turn == 0 or time.perf_counter() < end_s):
                for number in range(_FRAMES):
                    await self.send(held_to(plan), turn * _FRAMES + number)
        return self._cloud.link

    async def settled(self, table: PlanTable) -> Plan:
        """The plan that an agent with this table uses after some frames over the link as it was learnt.

        What they took corrects the predictions, as it does in the agent, here and over later links.
        """
        model = EdgeModel(self._heads.graph, self._played.card, table)
        course = self._course or Course(corrections_of(choices(table)))
        plans = CurrentPlan(Serving(model, self._heads), Surroundings([self._link]), course)
        await plans.start()
        engine = Engine(plans, self._compute, Clouds([Cloud(self._cloud)]))
        number, end_s = 0, time.perf_counter() + _SETTLING_S
        while number < _FEWEST_SETTLING or time.perf_counter() < end_s:
            await self._timed(engine, PLANNED, number)
            number += 1
        self._course = plans.course.changed()
        return plans.plan or table.plans[0]

    async def send(self, way: Way, number: int) -> TimedAnswer | None:
        """The frame of this number; None where the cloud did not answer in time: nobody stands in for it."""
        return await self._timed(await self._engine(way), way.strategy, number)

    def close(self) -> None:
        """End the thread that computes."""
        self._compute.close()

    async def _engine(self, way: Way) -> Engine:
        """One whose table is this plan alone, without a fallback."""
        plan = way.plan or self._heads.manifest.table.plans[0]
        model = EdgeModel(self._heads.graph, self._played.card, listed([plan]))
        plans = CurrentPlan(Serving(model, self._heads), Surroundings([self._link]))
        await plans.start()
        return Engine(plans, self._compute, Clouds([Cloud(self._cloud)]))

    async def _timed(self, engine: Engine, strategy: Strategy, number: int) -> TimedAnswer | None:
        card, picture = self._played.card, self._played.frames[number % len(self._played.frames)]
        started_s = time.perf_counter()
        job = Job("frame", "default", self._played.graph.name, strategy)
        read = functools.partial(picture_of, card, picture, strategy == "cloud-jpeg")
        job = replace(job, is_picture=True, picture=await self._compute.run_stage(DECODE, job.times, read))
        try:
            answer = await engine.answer(job)
        except (CloudUnavailableError, CloudRefusedError):
            self._forget(self._cloud.link)
            return None
        await self._read(job, answer, picture)
        elapsed_s, breakdown = time.perf_counter() - started_s, job.times.breakdown()
        latency_s = self._pair.latency_s(elapsed_s, breakdown)
        return TimedAnswer(latency_s, answer.wire_bytes, breakdown, answer.cut_key)

    async def _read(self, job: Job, answer: Answer, picture: NDArray[np.uint8]) -> None:
        size = int(picture.shape[0]), int(picture.shape[1])
        read = functools.partial(postprocess, self._played.card, answer.outputs, size)
        await self._compute.run_stage(READ, job.times, read)

    def _forget(self, assumed: Link) -> None:
        """Begin with a closed circuit and nothing known of the link but what is assumed."""
        self._link = LinkState(assumed)
        self._cloud = CloudLink(self._uplink, self._link, TIMEOUT_S)


def opened_heads(graph: Graph, plans: Sequence[Plan]) -> Heads:
    """The heads of plans, packed into a bundle and opened as an edge does it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.evb"
        heads = Heads(Bundle.open(path, build_bundle(graph, listed(plans), None, path)))
        for plan in plans:
            heads.build(plan)
    return heads
