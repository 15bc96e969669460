"""Answers frames: the planned split, or alone when the cloud does not answer."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.compute import Compute
from edge.frame_steps import FrameSteps
from edge.head.assemble import ON_THE_WAY
from edge.head.build import Heads
from edge.head.decided import kept_channels, with_bits
from edge.head.roster import Roster
from edge.head.run import HeadRun, Policy, always, run_head
from edge.head.steps import Head
from edge.hooks.hook import Hook
from edge.job import Answer, Job
from edge.link.cloud_link import CloudLink
from edge.link.payloads import picture_codec, without_pictures
from edge.model import EdgeModel
from edge.plan_in_use import PlanInUse
from edge.sending import Sending
from edge.streams.delta import DeltaSender
from edge.streams.exchange import is_stream
from edge.teaching.last_resort import ANSWERING, best_exit
from shared.errors import CloudRefusedError, CloudUnavailableError, InfeasibleError
from shared.plan import Plan
from shared.replan import replan
from shared.result import AnsweredBy


class Engine(PlanInUse):
    """Runs frames under the current plan; alone, or by the best exit, where the cloud does not answer."""

    def __init__(
        self,
        model: EdgeModel,
        heads: Heads,
        compute: Compute,
        cloud: CloudLink,
        deltas: DeltaSender | None = None,
    ) -> None:
        super().__init__(model.table, heads, lambda: cloud.link)
        self.model = model
        self.compute = compute
        self.cloud = cloud
        self.deltas = DeltaSender(secrets.randbits(64)) if deltas is None else deltas
        self.roster = Roster()
        self.policy: Callable[[str], Policy] = lambda _frame_id: always
        self.believes: Callable[[Hook], bool] = self.roster.trusts
        self._steps = FrameSteps(compute, model.card)
        self._sending = Sending(model, self._steps, cloud, self.deltas)

    def heads_ready(self) -> int:
        """How many heads are built."""
        return len(self.heads)

    async def answer(self, job: Job) -> Answer:
        """The outputs of one frame.

        Raises CloudUnavailableError or CloudRefusedError when it takes a cloud, InputError when the network
        does not take the values, InfeasibleError as `fallback`, CardError for a picture without a card.
        """
        if job.strategy == "edge":
            return await self._alone(job, self.fallback(), "edge", with_hooks=False)
        if job.strategy == "planned" and self.current is not None:
            plan, head = self.current
            if picture_codec(plan) is not None:
                return await self._or_alone(job, functools.partial(self._without_head, job, plan, head))
            if not plan.boundary:
                return await self._planned(job, plan, head, "edge")
            return await self._or_alone(job, functools.partial(self._planned, job, plan, head, "cloud"))
        whole = self._sending.raw if job.strategy == "cloud-raw" else self._sending.picture
        return await self._or_alone(job, functools.partial(whole, job))

    async def again(self, job: Job, answer: Answer, acts: Policy) -> Answer:
        """Go an answer's way another time, with another policy. Its seconds are not the frame's.

        Raises as `answer`, but nobody stands in for the cloud.
        """
        if answer.plan is None or answer.head is None:
            raise InfeasibleError("only what a plan answered can be run again")
        repeated = Job(job.frame_id, job.stream, job.model, job.strategy, feeds=await self._steps.feeds(job))
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
        sent = await self._sending.boundary(extra, plan, made, is_extra=True)
        outputs = {name: run.tensors[name] for name in answer.head.outputs}
        return self._sending.checked({**outputs, **sent.reply.outputs}), sent.wire_bytes

    async def look(self, job: Job, plan: Plan) -> tuple[Head, HeadRun] | None:
        """The head's inputs, for a frame that went as a picture; None where nothing is built."""
        head = self.heads.ready(plan)
        if head is None:
            return None
        looked = Job(job.frame_id, job.stream, job.model, job.strategy, job.picture, job.feeds)
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
        went = await self._sending.boundary(job, sent, made, is_extra)
        outputs = {**{name: run.tensors[name] for name in head.outputs}, **went.reply.outputs}
        checked, key, size = self._sending.checked(outputs), plan.cut_key, went.wire_bytes
        return Answer(checked, "cloud", plan, key, size, head=head, run=run, sent_as=went.sent_as)

    async def _without_head(self, job: Job, plan: Plan, head: Head) -> Answer:
        """A plan that sends the picture; a frame of tensors goes by the best one that sends tensors.

        Hooks that may answer by the network's input are asked first.
        """
        if job.picture is not None:
            if not any(hook.kind in ANSWERING and self.believes(hook) for hook in head.hooks):
                return await self._sending.picture(job, plan)
            run = await self._run_head(job, plan, head, self.policy(job.frame_id))
            if run.exit is not None:
                return await self._finish(job, plan, head, run, "exit")
            return dataclasses.replace(await self._sending.picture(job, plan), head=head, run=run)
        others = without_pictures(self.model.table)
        if others is None:
            return await self._sending.raw(job)
        plan = replan(others, self.cloud.link, None)
        return await self._alone(job, plan, "cloud" if plan.boundary else "edge")

    async def _run_head(self, job: Job, plan: Plan, head: Head, acts: Policy | None) -> HeadRun:
        """Where deltas go, codes have to mean the same from frame to frame: no hook on the way is asked."""
        feeds = await self._steps.feeds(job)
        wanted = {name: feeds[name] for name in head.reads}
        without = ON_THE_WAY if is_stream(job.stream, plan) else ()
        work = functools.partial(run_head, head, wanted, job.stream, self.roster, acts, without)
        return await self._steps.step(job, "head_s", work)
