"""Observer of answers: learning and audits that follow a frame, for which no client waits."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from typing import Final

from evosplit.edge.audits.answer_key import outcome_key
from evosplit.edge.audits.hook_audits import HookAudits
from evosplit.edge.background.time_budget import TimeBudget
from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.hook_learning.mask_learner import MaskLearner
from evosplit.edge.hook_learning.sample_collector import SampleCollector
from evosplit.edge.hook_learning.shadow_requests import ShadowRequests
from evosplit.edge.link.payloads import picture_codec
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.shared.errors import CardError, CloudRefusedError, CloudUnavailableError, InputError

LOOKING_SHARE: Final = 0.02
MOST_LOOKING_S: Final = 0.25
"""Preparing inputs only to learn from them may take this share of the time, saved up to so much."""


class Observer:
    """Teaches full answers, and compares with them what hooks only claimed."""

    def __init__(
        self,
        engine: Engine,
        collector: SampleCollector,
        audits: HookAudits,
        shadows: ShadowRequests,
        mask_learner: MaskLearner | None = None,
    ) -> None:
        self._engine = engine
        self.collector = collector
        self.audits = audits
        self.shadows = shadows
        self._mask_learner = mask_learner
        self._time_budget = TimeBudget(LOOKING_SHARE, MOST_LOOKING_S)

    @property
    def dropped(self) -> Mapping[str, str]:
        """Why hooks were dropped, by name."""
        return self._engine.hook_failures.dropped

    async def observe(self, job: Job, answer: Answer, outcome: object) -> None:
        """Learn one answer; ``outcome`` is the card's reading of it."""
        if answer.head is None or answer.run is None:
            await self._learn_picture(job, answer, outcome)
            return
        if answer.hook is not None:
            return
        if self.collector.wanted(answer.head):
            await self._learn(answer.head, answer.run, job, answer, outcome)
        if noted := answer.run.noted:
            compare = functools.partial(self.audits.compare, job.frame_id, noted, answer.outputs)
            await self._engine.compute.run(compare)
            await self._go_short(job, answer, self.audits.shortcuts(job.frame_id, noted))
        await self._observe_map(job, answer)
        await self.shadows.ask_about(job, answer, outcome_key(outcome))

    async def _observe_map(self, job: Job, answer: Answer) -> None:
        """What a mask may leave out, unless a mask does so already."""
        mask_learner, plan, run = self._mask_learner, answer.plan, answer.run
        if mask_learner is None or plan is None or run is None or self._masks():
            return
        place = mask_learner.place(plan.cut_key)
        if place is not None:
            await self._engine.compute.run(functools.partial(mask_learner.offer, place, run, job.stream))

    def _masks(self) -> bool:
        return any(
            hook.kind == "mask" and self._engine.trust.believes(hook)
            for hook in self._engine.plans.heads.hooks
        )

    async def _learn(self, head: Head, run: HeadRun, job: Job, answer: Answer, outcome: object) -> None:
        learn = functools.partial(self.collector.learn, head, run, job.stream, outcome_key(outcome))
        await self._engine.compute.run(lambda: learn(answer.outputs))

    async def _learn_picture(self, job: Job, answer: Answer, outcome: object) -> None:
        """The input of a frame that went as a picture is prepared after all, as often as that is cheap."""
        plan = answer.plan
        if plan is None or picture_codec(plan) is None or self._time_budget.is_spent:
            return
        with self._time_budget.spending(), contextlib.suppress(InputError, CardError):
            looked = await self._engine.look(job, plan)
            if looked is not None and self.collector.wanted(looked[0]):
                await self._learn(*looked, job, answer, outcome)

    async def _go_short(self, job: Job, answer: Answer, hooks: frozenset[str]) -> None:
        """Go the way that these hooks shorten, and compare where it ends."""
        if not hooks or answer.plan is None or picture_codec(answer.plan) is not None:
            return
        with contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError):
            short = await self._engine.again(job, answer, lambda hook, _: hook.name in hooks)
            changed_by = short.run.changed_by if short.run is not None else ()
            compare = functools.partial(self.audits.compare_way, changed_by, short.outputs, answer.outputs)
            await self._engine.compute.run(compare)
