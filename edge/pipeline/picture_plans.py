"""Plans that send the picture instead of a tensor of the network."""

from __future__ import annotations

import dataclasses

from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.hooks.hook import ANSWERING
from evosplit.edge.link.payloads import without_pictures
from evosplit.edge.pipeline.cloud_requests import CloudRequests
from evosplit.edge.pipeline.fallback import Fallback
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import Route, Serving
from evosplit.shared.replan import replan
from evosplit.shared.result import AnsweredBy


class PicturePlans:
    """Answers frames under a plan that sends the picture; it raises as `SplitRun`."""

    def __init__(
        self,
        plans: CurrentPlan,
        split: SplitRun,
        requests: CloudRequests,
        fallback: Fallback,
        trust: HookTrust,
    ) -> None:
        self._plans = plans
        self._split = split
        self._requests = requests
        self._fallback = fallback
        self._trust = trust

    async def answer(self, serving: Serving, job: Job, route: Route) -> Answer:
        """Hooks that may answer by the network's input are asked before the picture is sent.

        A frame of tensors goes by the best plan that sends tensors.
        """
        if not job.is_picture:
            return await self._tensors(serving, job, route)
        asked = route.head.hooks if route.asks_hooks else ()
        if not any(hook.kind in ANSWERING and self._trust.believes(hook) for hook in asked):
            return await self._requests.picture(job, route.plan)
        run = await self._split.head(job, route, self._trust.policy(job.frame_id))
        if run.exit is not None:
            return await self._split.finish(job, route, run, "exit")
        sent = await self._requests.picture(job, route.plan)
        return dataclasses.replace(sent, head=route.head, run=run)

    async def _tensors(self, serving: Serving, job: Job, route: Route) -> Answer:
        others = without_pictures(serving.trusted)
        if others is None:
            return await self._requests.raw(job, await self._split.feeds(job))
        # The corrections are of the table in use, which may be another one by now.
        priced = self._plans.priced() if serving.heads is self._plans.heads else None
        plan = replan(others, self._plans.links, None, priced)
        answered_by: AnsweredBy = "cloud" if plan.boundary else "edge"
        return await self._fallback.alone(serving, job, plan, answered_by, route.asks_hooks)
