"""Inference engine: chooses each frame's way by its strategy, the plan in use and the state of the cloud."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Any

from evosplit.edge.background.after_answers import AfterAnswers
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.hook_trust import HookTrust, UnauditedTrust
from evosplit.edge.hooks.hook import StreamHook
from evosplit.edge.link.payloads import picture_codec
from evosplit.edge.pipeline.cloud_requests import CloudRequests
from evosplit.edge.pipeline.clouds import Clouds
from evosplit.edge.pipeline.exit_fallback import ExitFallback
from evosplit.edge.pipeline.extra_runs import ExtraRuns
from evosplit.edge.pipeline.fallback import Attempt, Fallback
from evosplit.edge.pipeline.frame_times import measured
from evosplit.edge.pipeline.job import Answer, Job, Strategy
from evosplit.edge.pipeline.picture_plans import PicturePlans
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.pipeline.strategies import named_codec, named_plans
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import Route, Serving
from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.shared.card import Card
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.input_picture import Picture, PictureContent, read_picture
from evosplit.shared.link import LinkOf
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices


class Engine:
    """Answers frames under the current plan; alone, or by the best exit, where the cloud does not answer.

    ``failures`` takes note of hooks that misbehave, ``trust`` says which hooks are believed. With
    ``keeps_inputs`` no input is sent; frames of tensors take at most ``max_frame_bytes``. ``extra`` runs
    frames another time, beside serving. What frames teach is learnt ``after`` their answers. ``windows``
    follow cameras that move; None: none is followed.
    """

    def __init__(
        self,
        plans: CurrentPlan,
        compute: ComputeThread,
        clouds: Clouds,
        failures: HookFailures | None = None,
        trust: HookTrust | None = None,
        keeps_inputs: bool = False,
        max_frame_bytes: int | None = None,
        after: AfterAnswers | None = None,
        windows: SceneWindows | None = None,
    ) -> None:
        self.windows = windows
        self.after = AfterAnswers() if after is None else after
        self.plans = plans
        self.compute = compute
        self.clouds = clouds
        self.hook_failures = HookFailures() if failures is None else failures
        self.trust = UnauditedTrust(self.hook_failures) if trust is None else trust
        limits = (keeps_inputs, max_frame_bytes)
        self.requests = CloudRequests(plans.model, compute, clouds, *limits)
        judges = (self.hook_failures, self.trust)
        self._split = SplitRun(plans.model.card, compute, self.requests, *judges, windows)
        self._fallback = Fallback(self._split, ExitFallback(self._split, compute, self.trust), clouds)
        self._pictures = PicturePlans(plans, self._split, self.requests, self._fallback, self.trust)
        self.extra = ExtraRuns(plans, compute, self._split, self.requests)

    async def answer(self, job: Job) -> Answer:
        """The outputs of one frame, whose seconds then correct the predictions of the frames after it.

        Raises CloudUnavailableError or CloudRefusedError when it takes a cloud, InputError when the network
        does not take the values, DeadlineError, CardError for a picture without a card, and as
        `check_strategy`.
        """
        job.left_s()
        self.after.run()  # what earlier frames teach is known before this one chooses
        links = self.plans.links
        answer = await self._answer(job)
        is_try = answer.plan is not self.plans.plan
        if not self._took_a_detour(answer):
            self.after.add(functools.partial(self._learn, job, answer, links, is_try))
        return answer

    async def alone(self, job: Job) -> Answer | None:
        """In the cloud's place, the edge alone; None where the table has no such plan. Raises InputError."""
        serving = self.plans.serving
        plan = serving.model.table.fallback
        return None if plan is None else await self._fallback.alone(serving, job, plan, "edge-fallback")

    def read_picture(self, card: Card, content: PictureContent, job: Job) -> Picture:
        """The picture of a frame, in its window where cameras are followed and not all of it is sent.

        On the thread that computes. Raises as `evosplit.shared.input_picture.read_picture`.
        """
        is_whole = job.strategy == "cloud-jpeg"
        if self.windows is None or is_whole:
            return read_picture(card, content, is_whole)
        return self.windows.read(card, job.stream, content)

    def forget_streams(self, streams: Sequence[str]) -> None:
        """Drop what deltas, segments and hooks keep of streams that ended or begin anew.

        On the thread that computes.
        """
        heads = self.plans.heads
        senders = (cloud.deltas for cloud in self.clouds.every)
        keepers: list[Any] = [*senders, *(part for head in heads.built() for part in head.segments)]
        keepers += [] if self.windows is None else [self.windows]
        keepers += [hook for hook in heads.hooks if isinstance(hook, StreamHook)]
        for keeper in keepers:
            for name in streams:
                keeper.forget(name)

    def check_strategy(self, strategy: Strategy) -> None:
        """Whether frames may go this way.

        Raises InfeasibleError where it is to be the edge alone and no plan is, UsageError for a plan that the
        table lacks, and where inputs stay here.
        """
        if strategy == "planned":
            return
        if strategy == "edge":
            self._alone()
        elif strategy in ("cloud-raw", "cloud-jpeg") or named_codec(strategy) is not None:
            self.requests.check_inputs_go()
        else:
            self._named(strategy)

    async def _answer(self, job: Job) -> Answer:
        serving = self.plans.serving  # to the frame's end, whatever table comes meanwhile
        if job.strategy == "edge":
            return await self._fallback.alone(serving, job, self._alone(), "edge", asks_hooks=False)
        route = await self._route(serving, job)
        if route is None:
            return await self._or_else(serving, job, functools.partial(self._without_plan, job))
        if picture_codec(route.plan) is not None:
            attempt = functools.partial(self._pictures.answer, serving, job, route)
            return await self._or_else(serving, job, attempt)
        if not route.plan.boundary:
            return await self._split.run(job, route, "edge")
        attempt = functools.partial(self._split.run, job, route, "cloud")
        return await self._or_else(serving, job, attempt)

    async def _or_else(self, serving: Serving, job: Job, attempt: Attempt) -> Answer:
        """With the fallback, unless the frame is to wait for the cloud."""
        return await (attempt() if job.wait == "later" else self._fallback.attempt(serving, job, attempt))

    async def _route(self, serving: Serving, job: Job) -> Route | None:
        """The plan that the strategy names, or the one that the next frame goes by; None without one."""
        if job.strategy == "planned":
            chosen = self.plans.for_frame(self._may_try(job))
            # A frame that tries another plan goes whole, so that its stream's deltas go on beside it.
            return None if chosen is None else Route(*chosen, is_extra=chosen[0] is not self.plans.plan)
        plan = self._named(job.strategy)
        if plan is None:
            return None
        head = serving.heads.ready(plan)
        if head is None:
            head = await asyncio.to_thread(serving.heads.build, plan)
        return Route(plan, head, asks_hooks=False)

    async def _without_plan(self, job: Job) -> Answer:
        if job.strategy == "cloud-raw":
            return await self.requests.raw(job, await self._split.feeds(job))
        return await self.requests.picture(job, codec=named_codec(job.strategy))

    def _may_try(self, job: Job) -> Callable[[Plan], bool] | None:
        """Which other plans may be tried on a frame. None while the cloud is away."""
        if self.clouds.are_away:
            return None
        return lambda plan: job.is_picture or picture_codec(plan) is None

    def _learn(self, job: Job, answer: Answer, links: LinkOf, is_try: bool) -> None:
        taken = measured(job, answer, links, is_try)
        if taken is not None:
            self.plans.learn(taken)

    def _took_a_detour(self, answer: Answer) -> bool:
        """Whether another cloud answered than the plan's: that says nothing of either one."""
        if answer.plan is None or answer.cloud is None:
            return False
        return self.clouds.named(answer.plan.cloud).name != answer.cloud

    def _named(self, strategy: Strategy) -> Plan | None:
        """The plan that a strategy names, of several the fastest now; None for strategies that name none."""
        named = named_plans(choices(self.plans.model.table), strategy)
        return min(named, key=self.plans.priced()) if named else None

    def _alone(self) -> Plan:
        fallback = self.plans.model.table.fallback
        if fallback is None:
            raise InfeasibleError("the limits leave no plan that runs the whole network on the edge")
        return fallback
