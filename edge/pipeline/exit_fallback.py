"""Fallback to exits: the surest one answers when the cloud is away and no plan does without it."""

from __future__ import annotations

import functools

from evosplit.edge.head.best_effort_exit import best_exit
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.plan_choice.serving import Route, Serving


class ExitFallback:
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
