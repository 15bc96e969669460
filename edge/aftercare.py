"""What follows from an answer once it is given; no client waits for any of it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping

from edge.audits import Audits
from edge.engine import Engine
from edge.job import Answer, Job
from edge.learning.answers import outcome_key
from edge.lessons import Lessons
from edge.payloads import picture_codec
from shared.errors import CloudRefusedError, CloudUnavailableError, InputError


class Aftercare:
    """Teaches full answers, and compares with them what hooks only claimed."""

    def __init__(self, engine: Engine, lessons: Lessons, audits: Audits) -> None:
        self._engine = engine
        self.lessons = lessons
        self.audits = audits

    @property
    def dropped(self) -> Mapping[str, str]:
        """Why hooks were dropped, by name."""
        return self._engine.roster.dropped

    async def see_to(self, job: Job, answer: Answer, outcome: object) -> None:
        """Learn one answer; ``outcome`` is the card's reading of it."""
        if answer.head is None or answer.run is None or answer.hook is not None:
            return
        if self.lessons.wanted(answer.head):
            key = outcome_key(outcome)
            learn = functools.partial(self.lessons.learn, answer.head, answer.run, job.stream, key)
            await self._engine.compute.run(lambda: learn(answer.outputs))
        if claims := answer.run.claims:
            compare = functools.partial(self.audits.compare, job.frame_id, claims, answer.outputs)
            await self._engine.compute.run(compare)
            await self._go_short(job, answer, self.audits.shortcuts(job.frame_id, claims))

    async def _go_short(self, job: Job, answer: Answer, hooks: frozenset[str]) -> None:
        """Go the way that these hooks shorten, and compare where it ends."""
        if not hooks or answer.plan is None or picture_codec(answer.plan) is not None:
            return
        with contextlib.suppress(CloudUnavailableError, CloudRefusedError, InputError):
            short = await self._engine.again(job, answer, lambda hook, _: hook.name in hooks)
            changed_by = short.run.changed_by if short.run is not None else ()
            compare = functools.partial(self.audits.compare_way, changed_by, short.outputs, answer.outputs)
            await self._engine.compute.run(compare)
