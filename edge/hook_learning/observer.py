"""Observer of full answers: audits hooks by them, and hands them to learners. No client waits for it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Sequence
from typing import TypeVar

from evosplit.edge.audits.answer_key import outcome_key
from evosplit.edge.audits.hook_audits import HookAudits
from evosplit.edge.background.retries import Retries
from evosplit.edge.hook_learning.examples import Example, TriedVariant
from evosplit.edge.hook_learning.learner import HookLearner, VariantLearner
from evosplit.edge.hook_learning.learning_budgets import LearningBudgets
from evosplit.edge.hook_learning.shadow_requests import ShadowRequests
from evosplit.edge.hooks.hook import HOOK_ERRORS, AnswerLearningHook
from evosplit.edge.link.payloads import picture_codec
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.shared.errors import CardError, CloudRefusedError, CloudUnavailableError, InputError

L = TypeVar("L", bound=HookLearner)


class Observer:
    """Hands examples to ``learners``; one that fails rests for a while and leaves the others alone.

    All of it belongs to the event loop.
    """

    def __init__(
        self,
        engine: Engine,
        audits: HookAudits,
        learners: Sequence[HookLearner],
        budgets: LearningBudgets,
        retries: Retries,
    ) -> None:
        self._engine = engine
        self._audits = audits
        self._direct = tuple(learner for learner in learners if not isinstance(learner, VariantLearner))
        self._asking = tuple(learner for learner in learners if isinstance(learner, VariantLearner))
        self._time = budgets.time
        self._retries = retries
        self._shadows = ShadowRequests(engine, budgets.wire_bytes)

    async def observe(self, job: Job, answer: Answer, outcome: object) -> None:
        """Learn from one answer, and compare with it what hooks only claimed.

        ``outcome`` is the card's reading of it.
        """
        key = outcome_key(outcome)
        if answer.head is None or answer.run is None:
            await self._observe_picture(job, answer, key)
            return
        if answer.hook is not None:
            return
        example = Example(job.stream, answer, answer.head, answer.run, key)
        await self._teach(example, is_free=not self._time.is_spent)
        if answer.run.noted:
            await self._audit(job, answer)
        await self._try_variants(example)

    async def _teach(self, example: Example, is_free: bool) -> None:
        """Hooks that want full answers, and learners; without free time, those that see every example."""
        hooks = [hook for hook in example.head.hooks if isinstance(hook, AnswerLearningHook)]
        learners = self._wanting(
            [learner for learner in self._direct if is_free or not learner.is_sampled], example
        )
        if hooks or learners:
            work = functools.partial(self._taught, hooks, learners, example)
            self._time.spend((await self._engine.compute.run(work)).value)

    def _taught(
        self, hooks: Sequence[AnswerLearningHook], learners: Sequence[HookLearner], example: Example
    ) -> float:
        """The seconds that sampled examples took. For the thread that computes."""
        spent_s = 0.0
        for hook in hooks:
            self._tell(hook, example)
        for learner in learners:
            started_s = time.perf_counter()
            self._collect(learner, example, ())
            spent_s += (time.perf_counter() - started_s) * learner.is_sampled
        return spent_s

    def _tell(self, hook: AnswerLearningHook, example: Example) -> None:
        failures, tensors = self._engine.hook_failures, example.run.tensors
        if hook.tap not in tensors or not failures.trusts(hook):
            return
        try:
            hook.learn_answer(example.stream, tensors[hook.tap], example.answer.outputs)
        except HOOK_ERRORS as error:
            failures.drop(hook, f"{type(error).__name__}: {error}")

    def _wanting(self, learners: Sequence[L], example: Example) -> list[L]:
        wanting = []
        for learner in learners:
            is_resting = self._retries.is_resting(_collecting(learner))
            with self._retries.guarded(
                f"examples are not offered to hooks of kind {learner.name}"
            ) as is_rested:
                if is_rested and not is_resting and learner.wants(example):
                    wanting.append(learner)
        return wanting

    def _collect(self, learner: HookLearner, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        with self._retries.guarded(_collecting(learner)) as is_rested:
            if is_rested:
                learner.observe(example, tried)

    async def _try_variants(self, example: Example) -> None:
        """Of the learners that want to ask the cloud, the one of the fewest rows does."""
        if not self._asking or not self._shadows.admits(example):
            return
        learner = min(self._wanting(self._asking, example), key=len, default=None)
        if learner is None:
            return
        with (
            self._retries.guarded(f"variants are not tried for hooks of kind {learner.name}") as is_rested,
            contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError),
        ):
            if is_rested and (tried := await self._shadows.try_variants(example, learner)):
                await self._engine.compute.run(functools.partial(self._collect, learner, example, tried))

    async def _audit(self, job: Job, answer: Answer) -> None:
        noted = () if answer.run is None else answer.run.noted
        compare = functools.partial(self._audits.compare, job.frame_id, noted, answer.outputs)
        await self._engine.compute.run(compare)
        await self._go_short(job, answer, self._audits.shortcuts(job.frame_id, noted))

    async def _go_short(self, job: Job, answer: Answer, hooks: frozenset[str]) -> None:
        """Go the way that these hooks shorten, and compare where it ends."""
        if not hooks or answer.plan is None or picture_codec(answer.plan) is not None:
            return
        with contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError):
            short = await self._engine.extra.again(job, answer, lambda hook, _: hook.name in hooks)
            changed_by = short.run.changed_by if short.run is not None else ()
            compare = functools.partial(self._audits.compare_way, changed_by, short.outputs, answer.outputs)
            await self._engine.compute.run(compare)

    async def _observe_picture(self, job: Job, answer: Answer, key: str | None) -> None:
        """The input of a frame that went as a picture is prepared after all, as often as that is cheap."""
        plan = answer.plan
        if plan is None or picture_codec(plan) is None or self._time.is_spent:
            return
        with contextlib.suppress(InputError, CardError):
            with self._time.spending():
                prepared = await self._engine.extra.look(job, plan)
            if prepared is not None:
                await self._teach(Example(job.stream, answer, *prepared, key), is_free=True)


def _collecting(learner: HookLearner) -> str:
    return f"examples are not collected for hooks of kind {learner.name}"
