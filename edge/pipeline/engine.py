"""Engine: answers frames by the planned split, or alone when the cloud does not answer."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.apply_decisions import kept_channels, with_bits
from evosplit.edge.head.best_effort_exit import best_exit
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.hook_placement import BOUNDARY_HOOKS
from evosplit.edge.head.hook_trust import HookTrust, UnauditedTrust
from evosplit.edge.head.run import DecisionPolicy, HeadRun, run_head
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.hook import ANSWERING, StreamHook
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.payloads import picture_codec, without_pictures
from evosplit.edge.pipeline.cloud_requests import Sending
from evosplit.edge.pipeline.compute_thread import Compute
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.frame_steps import FrameSteps
from evosplit.edge.pipeline.job import Answer, Feeds, Job, Strategy
from evosplit.edge.pipeline.named_plans import named_plans
from evosplit.edge.pipeline.observation import measured
from evosplit.edge.pipeline.serving import Serving
from evosplit.edge.streams.delta import DeltaSender
from evosplit.edge.streams.exchange import is_stream
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError, InfeasibleError
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices, replan
from evosplit.shared.result import AnsweredBy

_Attempt: TypeAlias = Callable[[], Coroutine[Any, Any, Answer]]


class Engine:
    """Runs frames under the current plan; alone, or by the best exit, where the cloud does not answer."""

    def __init__(
        self,
        plans: CurrentPlan,
        compute: Compute,
        cloud: CloudLink,
        deltas: DeltaSender | None = None,
        failures: HookFailures | None = None,
        trust: HookTrust | None = None,
        keeps_inputs: bool = False,
    ) -> None:
        self.plans = plans
        self.compute = compute
        self.cloud = cloud
        self.deltas = DeltaSender(secrets.randbits(64)) if deltas is None else deltas
        self.hook_failures = HookFailures() if failures is None else failures
        self.trust = UnauditedTrust(self.hook_failures) if trust is None else trust
        self._steps = FrameSteps(compute, plans.model.card)
        self._sending = Sending(plans.model, self._steps, cloud, self.deltas, keeps_inputs)

    async def answer(self, job: Job) -> Answer:
        """The outputs of one frame.

        Raises CloudUnavailableError or CloudRefusedError when it takes a cloud, InputError when the network
        does not take the values, InfeasibleError as `fallback`, UsageError as `forced`, CardError for a
        picture without a card.
        """
        before_s, link = dict(job.spent_s), self.cloud.link
        answer = await self._answer(job)
        seen = measured(job, before_s, answer, link)
        if seen is not None:
            self.plans.learn(seen)
        return answer

    def forced(self, strategy: str) -> Plan | None:
        """The plan that a strategy names, of several the fastest now; None for strategies that name none.

        Raises UsageError where the table has none.
        """
        found = named_plans(choices(self.plans.model.table), strategy)
        return min(found, key=self.plans.priced()) if found else None

    async def _answer(self, job: Job) -> Answer:
        serving = self.plans.serving  # to the frame's end, whatever table comes meanwhile
        if job.strategy == "edge":
            return await self._alone(serving, job, self.fallback(), "edge", with_hooks=False)
        if (plan := self.forced(job.strategy)) is not None:
            built = await asyncio.to_thread(serving.heads.build, plan)
            return await self._by_plan(serving, job, plan, built, with_hooks=False)
        if job.strategy == "planned" and (chosen := self.plans.for_frame(self._triable(job))) is not None:
            # A frame that tries another plan goes whole, so that its stream's deltas go on beside it.
            is_tried = chosen[0] is not self.plans.plan
            return await self._by_plan(serving, job, *chosen, is_extra=is_tried)
        whole = self._sending.raw if job.strategy == "cloud-raw" else self._sending.picture
        return await self._or_alone(serving, job, functools.partial(whole, job))

    def _triable(self, job: Job) -> Callable[[Plan], bool] | None:
        """Which plans may be tried on a frame. None while the cloud is away."""
        if self.cloud.circuit.is_open:
            return None
        return lambda plan: job.picture is not None or picture_codec(plan) is None

    async def _by_plan(
        self,
        serving: Serving,
        job: Job,
        plan: Plan,
        head: Head,
        with_hooks: bool = True,
        is_extra: bool = False,
    ) -> Answer:
        if picture_codec(plan) is not None:
            way = functools.partial(self._without_head, serving, job, plan, head, with_hooks)
            return await self._or_alone(serving, job, way)
        if not plan.boundary:
            return await self._planned(job, plan, head, "edge", with_hooks)
        way = functools.partial(self._planned, job, plan, head, "cloud", with_hooks, is_extra)
        return await self._or_alone(serving, job, way)

    async def again(self, job: Job, answer: Answer, acts: DecisionPolicy) -> Answer:
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
        return self._sending.checked({**sent.reply.outputs, **outputs}), sent.wire_bytes

    async def exact(self, job: Job) -> tuple[Mapping[str, NDArray[Any]], int]:
        """What the float network in the cloud says to a frame's inputs as they are, and the bytes sent.

        Raises CloudUnavailableError, CloudRefusedError, InputError, CardError.
        """
        extra = Job("audit", "default", job.model, job.strategy, feeds=await self.feeds(job))
        sent = await self._sending.exact(extra)
        return self._sending.checked(sent.reply.outputs), sent.wire_bytes

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs of a frame. Raises InputError, CardError."""
        return await self._steps.feeds(job)

    async def look(self, job: Job, plan: Plan) -> tuple[Head, HeadRun] | None:
        """The head's inputs, for a frame that went as a picture; None where nothing is built."""
        head = self.plans.heads.ready(plan)
        if head is None:
            return None
        looked = Job(job.frame_id, job.stream, job.model, job.strategy, job.picture, job.feeds)
        return head, await self._run_head(looked, plan, head, None)

    async def forget(self, streams: Sequence[str]) -> None:
        """Drop what is kept of streams that jumped or ended."""
        keepers: list[Any] = [
            self.deltas,
            *(part for head in self.plans.heads.built() for part in head.segments),
        ]
        keepers += [hook for hook in self.plans.heads.hooks if isinstance(hook, StreamHook)]
        await self.compute.run(lambda: [keeper.forget(name) for keeper in keepers for name in streams])

    def check_strategy(self, strategy: Strategy) -> None:
        """Whether frames may go this way.

        Raises InfeasibleError as `fallback`, UsageError as `forced` and where inputs stay here.
        """
        if strategy == "edge":
            self.fallback()
        elif strategy in ("cloud-raw", "cloud-jpeg"):
            self._sending.check_inputs_go()
        else:
            self.forced(strategy)

    def fallback(self) -> Plan:
        """The plan that needs no cloud. Raises InfeasibleError where the limits allow none."""
        if self.plans.model.table.fallback is None:
            raise InfeasibleError("the limits leave no plan that runs the whole network on the edge")
        return self.plans.model.table.fallback

    async def _or_alone(self, serving: Serving, job: Job, attempt: _Attempt) -> Answer:
        plan = serving.model.table.fallback
        if plan is None:
            return await self._or_by_exit(serving, job, attempt)
        if self.cloud.circuit.is_open:
            return await self._alone(serving, job, plan, "edge-fallback")
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            return await self._alone(serving, job, plan, "edge-fallback")

    async def _or_by_exit(self, serving: Serving, job: Job, attempt: _Attempt) -> Answer:
        """Where nothing runs the whole network here, the surest exit has to do."""
        if self.cloud.circuit.is_open and (answer := await self._by_exit(serving, job)) is not None:
            return answer
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            answer = await self._by_exit(serving, job)
            if answer is None:
                raise
            return answer

    async def _by_exit(self, serving: Serving, job: Job) -> Answer | None:
        for plan in serving.by_need():
            head = serving.heads.ready(plan)
            if head is None or not any(
                hook.kind == "exit" and self.trust.believes(hook) for hook in head.hooks
            ):
                continue
            run = await self._run_head(job, plan, head, self.trust.policy(job.frame_id))
            if run.exit is not None:
                return await self._finish(job, plan, head, run, "exit")
            look = functools.partial(best_exit, head, run.tensors, job.stream, self.trust.believes)
            timed = await self.compute.run(look)
            if timed.value is not None:
                hook, found = timed.value
                sure, cut = found.confidence, plan.cut_key
                return Answer(found.outputs, "edge-fallback", plan, cut, 0, hook.name, sure, head, run)
        return None

    async def _alone(
        self, serving: Serving, job: Job, plan: Plan, answered_by: AnsweredBy, with_hooks: bool = True
    ) -> Answer:
        head = serving.heads.ready(plan)
        if head is None:
            head = await asyncio.to_thread(serving.heads.build, plan)
        return await self._planned(job, plan, head, answered_by, with_hooks)

    async def _planned(
        self,
        job: Job,
        plan: Plan,
        head: Head,
        answered_by: AnsweredBy,
        with_hooks: bool = True,
        is_extra: bool = False,
    ) -> Answer:
        run = await self._run_head(job, plan, head, self.trust.policy(job.frame_id) if with_hooks else None)
        return await self._finish(job, plan, head, run, answered_by, is_extra)

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
        outputs = {**went.reply.outputs, **{name: run.tensors[name] for name in head.outputs}}
        checked, key, size = self._sending.checked(outputs), plan.cut_key, went.wire_bytes
        return Answer(checked, "cloud", plan, key, size, head=head, run=run, sent_as=went.sent_as)

    async def _without_head(
        self, serving: Serving, job: Job, plan: Plan, head: Head, with_hooks: bool = True
    ) -> Answer:
        """A plan that sends the picture; a frame of tensors goes by the best one that sends tensors.

        Hooks that may answer by the network's input are asked first.
        """
        if job.picture is not None:
            asked = head.hooks if with_hooks else ()
            if not any(hook.kind in ANSWERING and self.trust.believes(hook) for hook in asked):
                return await self._sending.picture(job, plan)
            run = await self._run_head(job, plan, head, self.trust.policy(job.frame_id))
            if run.exit is not None:
                return await self._finish(job, plan, head, run, "exit")
            return dataclasses.replace(await self._sending.picture(job, plan), head=head, run=run)
        others = without_pictures(serving.trusted)
        if others is None:
            return await self._sending.raw(job)
        # The corrections are of the table in use, which may be another one by now.
        priced = self.plans.priced() if serving.heads is self.plans.heads else None
        plan = replan(others, self.cloud.link, None, priced)
        answered_by: AnsweredBy = "cloud" if plan.boundary else "edge"
        return await self._alone(serving, job, plan, answered_by, with_hooks)

    async def _run_head(self, job: Job, plan: Plan, head: Head, acts: DecisionPolicy | None) -> HeadRun:
        """Where deltas go, codes have to mean the same from frame to frame: no hook on the way is asked."""
        feeds = await self._steps.feeds(job)
        wanted = {name: feeds[name] for name in head.reads}
        without = BOUNDARY_HOOKS if is_stream(job.stream, plan) else ()
        work = functools.partial(run_head, head, wanted, job.stream, self.hook_failures, acts, without)
        return await self._steps.step(job, "head_s", work)
