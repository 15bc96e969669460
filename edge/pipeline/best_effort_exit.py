"""Best-effort exit: the surest of a head's exits, for when the cloud is away and no plan runs without it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, cast

from evosplit.edge.backends.segment import Tensors
from evosplit.edge.head.hook_failures import HOOK_ERRORS
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.head.steps import AskHook, Head
from evosplit.edge.head.validate_decision import decision_problem
from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.serving import Route, Serving
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.pipeline.stages import ComputeThread

ANSWERING: Final = ("exit", "repeat")
"""Kinds of hooks that answer."""


class BestEffortExit:
    """Answers frames by the exits of the heads that are built, those of the plan in use first."""

    def __init__(self, split: SplitRun, compute: ComputeThread, trust: HookTrust) -> None:
        self._split = split
        self._compute = compute
        self._trust = trust

    async def answer(self, serving: Serving, job: Job) -> Answer | None:
        """None where no head has an exit that is believed. Raises InputError, CardError."""
        for plan in serving.by_need():
            head = serving.heads.ready(plan)
            if head is not None and any(h.kind == "exit" and self._trust.believes(h) for h in head.hooks):
                answer = await self._by_head(job, Route(plan, head))
                if answer is not None:
                    return answer
        return None

    async def _by_head(self, job: Job, route: Route) -> Answer | None:
        run = await self._split.head(job, route, self._trust.policy(job.frame_id))
        if run.exit is not None:
            return await self._split.finish(job, route, run, "exit")
        look = functools.partial(best_exit, route.head, run.tensors, job.stream, self._trust.believes)
        best = (await self._compute.run(look)).value
        if best is None:
            return None
        (hook, said), cut = best, route.plan.cut_key
        sure = said.confidence
        return Answer(said.outputs, "edge-fallback", route.plan, cut, 0, hook.name, sure, route.head, run)


def best_exit(
    head: Head, tensors: Tensors, stream: str, believes: Callable[[Hook], bool]
) -> tuple[Hook, Exit] | None:
    """The surest of the head's exits on what it has made of a frame, whatever their thresholds; or None."""
    asked = (hook for hook in head.hooks if hook.kind == "exit" and hook.tap in tensors and believes(hook))
    found = [(hook, said) for hook in asked if (said := _forced(hook, head, tensors, stream)) is not None]
    return max(found, key=lambda one: one[1].confidence, default=None)


def _forced(hook: Hook, head: Head, tensors: Tensors, stream: str) -> Exit | None:
    """What it would answer at any confidence."""
    if not hasattr(hook, "at_threshold"):
        return None
    tensor = tensors[hook.tap]
    try:
        decision = cast(Any, hook).at_threshold(0.0).decide(tensor, stream)
    except HOOK_ERRORS:  # the way with thresholds drops it, and says so
        return None
    is_answer = isinstance(decision, Exit) and decision_problem(decision, AskHook(hook), tensor, head) is None
    return decision if is_answer else None
