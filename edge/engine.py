"""Answers frames: the planned split, or alone when the cloud does not answer."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.compute import Compute
from edge.head.assemble import ON_THE_WAY
from edge.head.build import Heads
from edge.head.decided import kept_channels, with_bits
from edge.head.roster import Roster
from edge.head.run import HeadRun, Policy, always, run_head
from edge.head.steps import Head
from edge.hooks.hook import Hook
from edge.job import Answer, Feeds, Job
from edge.link.cloud_link import CloudLink
from edge.link.payloads import boundary_frame, picture, picture_codec, raw_frame, without_pictures
from edge.link.uplink import CloudAnswer
from edge.streams.delta import DeltaSender, Sent
from edge.streams.exchange import Exchanged, exchange, is_stream
from edge.teaching.last_resort import ANSWERING, best_exit
from edge.trim import trim_memory
from shared.card import Card
from shared.errors import CardError, CloudRefusedError, CloudUnavailableError, InfeasibleError
from shared.graph import Graph
from shared.oip import FRAME_INPUT, PICTURE_INPUT, SIZED_PICTURE_INPUT
from shared.plan import Plan, PlanTable
from shared.preprocess import preprocess
from shared.replan import choices, replan
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

    def __init__(
        self,
        model: EdgeModel,
        heads: Heads,
        compute: Compute,
        cloud: CloudLink,
        deltas: DeltaSender | None = None,
    ) -> None:
        self.model = model
        self.compute = compute
        self.heads = heads
        self.cloud = cloud
        self.deltas = DeltaSender(secrets.randbits(64)) if deltas is None else deltas
        self.roster = Roster()
        self.policy: Callable[[str], Policy] = lambda _frame_id: always
        self.believes: Callable[[Hook], bool] = self.roster.trusts
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

    async def change_hooks(self, hooks: Sequence[Hook]) -> None:
        """Build the heads anew with these hooks, the one in use first; each takes over between two frames."""
        self.heads.hooks = tuple(hooks)
        await self._renew()

    async def watch(self, taps: Sequence[str]) -> None:
        """Build the heads anew, so that they hand out these tensors for the sampler."""
        self.heads.options = dataclasses.replace(self.heads.options, watched=tuple(taps))
        await self._renew()

    def watches(self, taps: Sequence[str]) -> bool:
        """Whether the head in use hands all of these out."""
        return self._current is not None and set(taps) <= set(self._current[1].watched)

    async def _renew(self) -> None:
        """The heads that are built, the one in use first."""
        for plan in self.by_need():
            if await asyncio.to_thread(self.heads.renew, plan):
                self._renew_current()
                await asyncio.to_thread(trim_memory)

    def by_need(self) -> list[Plan]:
        """Every plan of the table: the one in use, the fallback, then the nearest to the one in use."""
        plans, fallback = choices(self.model.table), self.model.table.fallback
        at = plans.index(self.plan) if self.plan in plans else 0
        return sorted(plans, key=lambda p: (p != self.plan, p != fallback, abs(plans.index(p) - at)))

    def _renew_current(self) -> None:
        if self._current is not None:
            plan, head = self._current
            self._current = plan, self.heads.ready(plan) or head

    async def answer(self, job: Job) -> Answer:
        """The outputs of one frame.

        Raises CloudUnavailableError or CloudRefusedError when it takes a cloud, InputError when the network
        does not take the values, InfeasibleError as `fallback`, CardError for a picture without a card.
        """
        if job.strategy == "edge":
            return await self._alone(job, self.fallback(), "edge", with_hooks=False)
        if job.strategy == "planned" and self._current is not None:
            plan, head = self._current
            if picture_codec(plan) is not None:
                return await self._or_alone(job, functools.partial(self._without_head, job, plan, head))
            if not plan.boundary:
                return await self._planned(job, plan, head, "edge")
            return await self._or_alone(job, functools.partial(self._planned, job, plan, head, "cloud"))
        whole = self._raw if job.strategy == "cloud-raw" else self._picture
        return await self._or_alone(job, functools.partial(whole, job))

    async def again(self, job: Job, answer: Answer, acts: Policy) -> Answer:
        """Go an answer's way another time, with another policy. Its seconds are not the frame's.

        Raises as `answer`, but nobody stands in for the cloud.
        """
        if answer.plan is None or answer.head is None:
            raise InfeasibleError("only what a plan answered can be run again")
        repeated = Job(job.frame_id, job.stream, job.model, job.strategy, feeds=await self._feeds(job))
        run = await self._run_head(repeated, answer.plan, answer.head, acts)
        return await self._finish(repeated, answer.plan, answer.head, run, answer.answered_by, is_extra=True)

    async def shadow(
        self, answer: Answer, bits: Mapping[str, int], keep: Mapping[str, NDArray[np.bool_]]
    ) -> tuple[Mapping[str, NDArray[Any]], int]:
        """What the cloud says to an answer's tensors in these bits and channels, and the bytes sent.

        Raises CloudUnavailableError, CloudRefusedError, InputError; InfeasibleError where no tensors went.
        """
        if answer.plan is None or answer.head is None or answer.run is None or not answer.plan.boundary:
            raise InfeasibleError("no tensors went to the cloud")
        extra, run = Job("shadow", "default", answer.plan.model, "planned"), answer.run
        plan, made = with_bits(answer.plan, bits), kept_channels(run.tensors, keep)
        sent = await self._send(extra, plan, made, is_extra=True)
        outputs = {name: run.tensors[name] for name in answer.head.outputs}
        return self._checked({**outputs, **sent.reply.outputs}), sent.wire_bytes

    async def look(self, job: Job, plan: Plan) -> tuple[Head, HeadRun] | None:
        """The head's inputs, for a frame that went as a picture; None where nothing is built."""
        head = self.heads.ready(plan)
        if head is None:
            return None
        looked = Job(job.frame_id, job.stream, job.model, job.strategy, job.pixels, job.feeds)
        return head, await self._run_head(looked, plan, head, None)

    async def forget(self, streams: Sequence[str]) -> None:
        """Drop what is kept of streams that jumped or ended."""
        keepers: list[Any] = [self.deltas, *(part for head in self.heads.built() for part in head.segments)]
        keepers += [hook for hook in self.heads.hooks if hasattr(hook, "forget")]
        await self.compute.run(lambda: [keeper.forget(name) for keeper in keepers for name in streams])

    def fallback(self) -> Plan:
        """The plan that needs no cloud. Raises InfeasibleError where the limits allow none."""
        if self.model.table.fallback is None:
            raise InfeasibleError("the limits leave no plan that runs the whole network on the edge")
        return self.model.table.fallback

    async def _or_alone(self, job: Job, attempt: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        plan = self.model.table.fallback
        if plan is None:
            return await self._or_by_exit(job, attempt)
        if self.cloud.circuit.is_open:
            return await self._alone(job, plan, "edge-fallback")
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            return await self._alone(job, plan, "edge-fallback")

    async def _or_by_exit(self, job: Job, attempt: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Where nothing runs the whole network here, the surest exit has to do."""
        if self.cloud.circuit.is_open and (answer := await self._by_exit(job)) is not None:
            return answer
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            answer = await self._by_exit(job)
            if answer is None:
                raise
            return answer

    async def _by_exit(self, job: Job) -> Answer | None:
        for plan in self.by_need():
            head = self.heads.ready(plan)
            if head is None or not any(hook.kind == "exit" and self.believes(hook) for hook in head.hooks):
                continue
            run = await self._run_head(job, plan, head, self.policy(job.frame_id))
            if run.exit is not None:
                return await self._finish(job, plan, head, run, "exit")
            look = functools.partial(best_exit, head, run.tensors, job.stream, self.believes)
            timed = await self.compute.run(look)
            if timed.value is not None:
                hook, found = timed.value
                sure, cut = found.confidence, plan.cut_key
                return Answer(found.outputs, "edge-fallback", plan, cut, 0, hook.name, sure, head, run)
        return None

    async def _alone(self, job: Job, plan: Plan, answered_by: AnsweredBy, with_hooks: bool = True) -> Answer:
        head = self.heads.ready(plan)
        if head is None:
            head = await asyncio.to_thread(self.heads.build, plan)
        return await self._planned(job, plan, head, answered_by, with_hooks)

    async def _planned(
        self, job: Job, plan: Plan, head: Head, answered_by: AnsweredBy, with_hooks: bool = True
    ) -> Answer:
        run = await self._run_head(job, plan, head, self.policy(job.frame_id) if with_hooks else None)
        return await self._finish(job, plan, head, run, answered_by)

    async def _finish(
        self,
        job: Job,
        plan: Plan,
        head: Head,
        run: HeadRun,
        answered_by: AnsweredBy,
        is_extra: bool = False,
    ) -> Answer:
        if run.exit is not None:
            hook, sure = run.exit_hook, run.exit.confidence
            return Answer(run.exit.outputs, "exit", plan, plan.cut_key, 0, hook, sure, head, run)
        if plan.boundary:
            return await self._split(job, plan, head, run, is_extra)
        outputs = {name: run.tensors[name] for name in head.outputs}
        return Answer(outputs, answered_by, plan, plan.cut_key, 0, head=head, run=run)

    async def _split(self, job: Job, plan: Plan, head: Head, run: HeadRun, is_extra: bool) -> Answer:
        sent, made = with_bits(plan, run.bits), kept_channels(run.tensors, run.keep)
        went = await self._send(job, sent, made, is_extra)
        outputs = {**{name: run.tensors[name] for name in head.outputs}, **went.reply.outputs}
        checked, key, size = self._checked(outputs), plan.cut_key, went.wire_bytes
        return Answer(checked, "cloud", plan, key, size, head=head, run=run, sent_as=went.sent_as)

    async def _send(
        self, job: Job, plan: Plan, made: Mapping[str, NDArray[Any]], is_extra: bool
    ) -> Exchanged:
        """The boundary to the cloud. On a named stream only changes go; ``is_extra`` frames are not of it."""

        async def ask(content: bytes, spent_s: float) -> CloudAnswer:
            return await self._ask(job, FRAME_INPUT, content, plan.latency.cloud_s, spent_s=spent_s)

        async def encode(key: bool) -> Sent:
            work = functools.partial(self.deltas.encode, job.frame_id, job.stream, plan, made, key)
            return await self._step(job, "encode_s", work)

        if not is_extra and is_stream(job.stream, plan):
            return await exchange(self.deltas, encode, ask)
        content = await self._step(job, "encode_s", lambda: boundary_frame(job.frame_id, plan, made))
        return Exchanged(await ask(content, 0.0), len(content))

    async def _raw(self, job: Job) -> Answer:
        feeds, graph = await self._feeds(job), self.model.graph
        content = await self._step(job, "encode_s", lambda: raw_frame(job.frame_id, graph, feeds))
        reply = await self._ask(job, FRAME_INPUT, content, 0.0, patient=True)
        return Answer(self._checked(reply.outputs), "cloud", None, "0", len(content))

    async def _without_head(self, job: Job, plan: Plan, head: Head) -> Answer:
        """A plan that sends the picture; a frame of tensors goes by the best one that sends tensors.

        Hooks that may answer by the network's input are asked first.
        """
        if job.pixels is not None:
            if not any(hook.kind in ANSWERING and self.believes(hook) for hook in head.hooks):
                return await self._picture(job, plan)
            run = await self._run_head(job, plan, head, self.policy(job.frame_id))
            if run.exit is not None:
                return await self._finish(job, plan, head, run, "exit")
            return dataclasses.replace(await self._picture(job, plan), head=head, run=run)
        others = without_pictures(self.model.table)
        if others is None:
            return await self._raw(job)
        plan = replan(others, self.cloud.link, None)
        return await self._alone(job, plan, "cloud" if plan.boundary else "edge")

    async def _picture(self, job: Job, plan: Plan | None = None) -> Answer:
        """The picture as a plan sends it, or the JPEG of the strategy that needs no plan."""
        card, pixels = self.model.card, job.pixels
        if card is None or pixels is None:
            raise CardError("a picture is sent of a frame that is one, by a model with a card")
        codec = None if plan is None else picture_codec(plan)
        name = PICTURE_INPUT if codec is None else SIZED_PICTURE_INPUT
        content = await self._step(job, "encode_s", lambda: picture(card, pixels, codec))
        cloud_s = 0.0 if plan is None else plan.latency.cloud_s
        reply = await self._ask(job, name, content, cloud_s, patient=plan is None)
        return Answer(self._checked(reply.outputs), "cloud", plan, "0", len(content))

    async def _run_head(self, job: Job, plan: Plan, head: Head, acts: Policy | None) -> HeadRun:
        """Where deltas go, codes have to mean the same from frame to frame: no hook on the way is asked."""
        feeds = await self._feeds(job)
        wanted = {name: feeds[name] for name in head.reads}
        without = ON_THE_WAY if is_stream(job.stream, plan) else ()
        work = functools.partial(run_head, head, wanted, job.stream, self.roster, acts, without)
        return await self._step(job, "head_s", work)

    async def _feeds(self, job: Job) -> Feeds:
        if job.feeds is None:
            card, pixels = self.model.card, job.pixels
            if card is None or pixels is None:
                raise CardError(f"model {job.model} has no card, so it takes tensors but no pictures")
            job.feeds = dict(await self._step(job, "preprocess_s", lambda: preprocess(card, pixels)))
        return job.feeds

    async def _ask(
        self,
        job: Job,
        name: str,
        content: bytes,
        cloud_s: float,
        patient: bool = False,
        spent_s: float = 0.0,
    ) -> CloudAnswer:
        started_s = time.perf_counter()
        try:
            reply = await self.cloud.infer(name, content, cloud_s, patient, spent_s)
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
