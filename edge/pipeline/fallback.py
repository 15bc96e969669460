"""Fallback without the cloud: the whole network on the edge, or the surest exit where it does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from evosplit.edge.pipeline.clouds import Clouds
from evosplit.edge.pipeline.exit_fallback import ExitFallback
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.plan_choice.serving import Route, Serving
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError
from evosplit.shared.plan import Plan
from evosplit.shared.result import AnsweredBy

Attempt: TypeAlias = Callable[[], Coroutine[Any, Any, Answer]]


class Fallback:
    """Stands in for the cloud where it does not answer."""

    def __init__(self, split: SplitRun, exits: ExitFallback, clouds: Clouds) -> None:
        self._split = split
        self._exits = exits
        self._clouds = clouds

    async def attempt(self, serving: Serving, job: Job, attempt: Attempt) -> Answer:
        """What ``attempt`` gives, or else the fallback.

        Raises CloudUnavailableError, CloudRefusedError where the table has no fallback and no exit answers.
        """
        plan = serving.model.table.fallback
        if plan is None:
            return await self._or_exit(serving, job, attempt)
        if self._clouds.are_away:
            return await self.alone(serving, job, plan, "edge-fallback")
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            return await self.alone(serving, job, plan, "edge-fallback")

    async def alone(
        self, serving: Serving, job: Job, plan: Plan, answered_by: AnsweredBy, asks_hooks: bool = True
    ) -> Answer:
        """By another plan than the one in use, whose head is built now if need be."""
        head = serving.heads.ready(plan)
        if head is None:
            head = await asyncio.to_thread(serving.heads.build, plan)
        return await self._split.run(job, Route(plan, head, asks_hooks), answered_by)

    async def _or_exit(self, serving: Serving, job: Job, attempt: Attempt) -> Answer:
        if self._clouds.are_away and (answer := await self._exits.answer(serving, job)) is not None:
            return answer
        try:
            return await attempt()
        except (CloudUnavailableError, CloudRefusedError):
            answer = await self._exits.answer(serving, job)
            if answer is None:
                raise
            return answer
