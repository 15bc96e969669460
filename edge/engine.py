"""Answers frames: the planned split, or alone when the cloud does not answer."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy.typing import NDArray

from edge.cloud_link import CloudLink
from edge.compute import Compute
from edge.head.build import Heads
from edge.head.decided import kept_channels, with_bits
from edge.head.roster import Roster
from edge.head.run import HeadRun, run_head
from edge.head.steps import Head
from edge.job import Answer, Feeds, Job
from edge.payloads import boundary_frame, jpeg_picture, raw_frame
from edge.uplink import CloudAnswer
from shared.card import Card
from shared.errors import CardError, CloudRefusedError, CloudUnavailableError, InfeasibleError
from shared.graph import Graph
from shared.oip import FRAME_INPUT, PICTURE_INPUT
from shared.plan import Plan, PlanTable
from shared.preprocess import preprocess
from shared.replan import replan
from shared.result import AnsweredBy

T = TypeVar("T")


@dataclass(frozen=True)
class EdgeModel:
    """The network as the edge knows it; the card is completed, or None where only tensors are taken."""

    graph: Graph
    card: Card | None
    table: PlanTable


class Engine:
    """Runs frames under the current plan, which changes by one reference between two frames."""

    def __init__(self, model: EdgeModel, heads: Heads, compute: Compute, cloud: CloudLink) -> None:
        self.model = model
        self.compute = compute
        self.heads = heads
        self.cloud = cloud
        self.roster = Roster()
        self._current: tuple[Plan, Head] | None = None
        self.plan_changes = 0

    @property
    def plan(self) -> Plan | None:
        """The plan of the next frame; None before `start`."""
        return self._current[0] if self._current else None

    def heads_ready(self) -> int:
        """How many heads are built."""
        return len(self.heads)

    async def start(self) -> None:
        """Build the head of the plan that suits the link now. Raises BundleError, ModelError."""
        plan = replan(self.model.table, self.cloud.link, None)
        self._current = plan, await asyncio.to_thread(self.heads.build, plan)

    def reconsider(self) -> None:
        """Change to the plan that suits the link now, once its head is built."""
        wanted = replan(self.model.table, self.cloud.link, self.plan)
        head = self.heads.ready(wanted)
        if self._current is not None and head is not None and wanted is not self._current[0]:
            self._current = wanted, head
            self.plan_changes += 1

    async def answer(self, job: Job) -> Answer:
        """The outputs of one frame.

        Raises CloudUnavailableError or CloudRefusedError when it takes a cloud, InputError when the network
        does not take the values, InfeasibleError as `fallback`, CardError for a picture without a card.
        """
        if job.strategy == "edge":
            return await self._alone(job, self.fallback(), "edge", with_hooks=False)
        if job.strategy == "planned" and self._current is not None:
            plan, head = self._current
            if not plan.boundary:
                return await self._planned(job, plan, head, "edge")
            return await self._or_alone(job, functools.partial(self._planned, job, plan, head, "cloud"))
        whole = self._raw if job.strategy == "cloud-raw" else self._jpeg
        return await self._or_alone(job, functools.partial(whole, job))

    def fallback(self) -> Plan:
        """The plan that needs no cloud. Raises InfeasibleError where the limits allow none."""
        if self.model.table.fallback is None:
            raise InfeasibleError("the limits leave no plan that runs the whole network on the edge")
        return self.model.table.fallback

    async def _or_alone(self, job: Job, attempt: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        plan = self.model.table.fallback
        if plan is None:
            return await attempt()
        if self.cloud.circuit.is_open:
            return await self._alone(job, plan, "edge-fallback")
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            return await self._alone(job, plan, "edge-fallback")

    async def _alone(self, job: Job, plan: Plan, answered_by: AnsweredBy, with_hooks: bool = True) -> Answer:
        head = self.heads.ready(plan)
        if head is None:
            head = await asyncio.to_thread(self.heads.build, plan)
        return await self._planned(job, plan, head, answered_by, with_hooks)

    async def _planned(
        self, job: Job, plan: Plan, head: Head, answered_by: AnsweredBy, with_hooks: bool = True
    ) -> Answer:
        run = await self._run_head(job, head, with_hooks)
        if run.exit is not None:
            hook, sure = run.exit_hook, run.exit.confidence
            return Answer(run.exit.outputs, "exit", plan, plan.cut_key, 0, hook, sure)
        if plan.boundary:
            return await self._split(job, plan, head, run)
        outputs = {name: run.tensors[name] for name in head.outputs}
        return Answer(outputs, answered_by, plan, plan.cut_key, 0)

    async def _split(self, job: Job, plan: Plan, head: Head, run: HeadRun) -> Answer:
        sent, made = with_bits(plan, run.bits), kept_channels(run.tensors, run.keep)
        content = await self._step(job, "encode_s", lambda: boundary_frame(job.frame_id, sent, made))
        reply = await self._ask(job, FRAME_INPUT, content, plan.latency.cloud_s)
        outputs = {**{name: run.tensors[name] for name in head.outputs}, **reply.outputs}
        return Answer(self._checked(outputs), "cloud", plan, plan.cut_key, len(content))

    async def _raw(self, job: Job) -> Answer:
        feeds, graph = await self._feeds(job), self.model.graph
        content = await self._step(job, "encode_s", lambda: raw_frame(job.frame_id, graph, feeds))
        reply = await self._ask(job, FRAME_INPUT, content, 0.0, patient=True)
        return Answer(self._checked(reply.outputs), "cloud", None, "0", len(content))

    async def _jpeg(self, job: Job) -> Answer:
        card, pixels = self.model.card, job.pixels
        if card is None or pixels is None:
            raise CardError("cloud-jpeg takes a picture, and a model with a card")
        content = await self._step(job, "encode_s", lambda: jpeg_picture(card, pixels))
        reply = await self._ask(job, PICTURE_INPUT, content, 0.0, patient=True)
        return Answer(self._checked(reply.outputs), "cloud", None, "0", len(content))

    async def _run_head(self, job: Job, head: Head, with_hooks: bool) -> HeadRun:
        feeds = await self._feeds(job)
        wanted = {name: feeds[name] for name in head.reads}
        work = functools.partial(run_head, head, wanted, job.stream, self.roster, with_hooks)
        return await self._step(job, "head_s", work)

    async def _feeds(self, job: Job) -> Feeds:
        if job.feeds is None:
            card, pixels = self.model.card, job.pixels
            if card is None or pixels is None:
                raise CardError(f"model {job.model} has no card, so it takes tensors but no pictures")
            job.feeds = dict(await self._step(job, "preprocess_s", lambda: preprocess(card, pixels)))
        return job.feeds

    async def _ask(
        self, job: Job, name: str, content: bytes, cloud_s: float, patient: bool = False
    ) -> CloudAnswer:
        started_s = time.perf_counter()
        try:
            reply = await self.cloud.infer(name, content, cloud_s, patient)
        except (CloudUnavailableError, CloudRefusedError):
            job.spend(uplink_s=time.perf_counter() - started_s)
            raise
        job.spend(
            uplink_s=reply.uplink_s, queue_s=reply.queue_s, decode_s=reply.decode_s, tail_s=reply.tail_s
        )
        return reply

    def _checked(self, outputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        for name in self.model.graph.outputs:
            wanted, got = self.model.graph.tensors[name], outputs.get(name)
            if got is None or got.shape != wanted.shape or got.dtype != wanted.dtype:
                refusal = CloudRefusedError(f"the cloud's answer has no proper output {name}", 200)
                self.cloud.refused(refusal)
                raise refusal
        return outputs

    async def _step(self, job: Job, step: str, work: Callable[[], T]) -> T:
        timed = await self.compute.run(work)
        job.spend(queue_s=timed.queue_s, **{step: timed.seconds})
        return timed.value
