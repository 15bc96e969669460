"""Runs of frames beside serving, for learning, shadow requests and audits; they have seconds of their own."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.apply_decisions import with_codes
from evosplit.edge.head.run import DecisionPolicy, HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.pipeline.cloud_requests import CloudRequests
from evosplit.edge.pipeline.components import as_encoded
from evosplit.edge.pipeline.job import Answer, Feeds, Job
from evosplit.edge.pipeline.split_run import SplitRun
from evosplit.edge.pipeline.stages import ComputeThread
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import Route
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.plan import Plan, TensorCode

Outputs: TypeAlias = Mapping[str, NDArray[Any]]


class ExtraRuns:
    """Runs what was answered another time in another way; nobody stands in for the cloud.

    Every method raises CloudUnavailableError, CloudRefusedError, InputError and CardError.
    """

    def __init__(
        self, plans: CurrentPlan, compute: ComputeThread, split: SplitRun, requests: CloudRequests
    ) -> None:
        self._plans = plans
        self._compute = compute
        self._split = split
        self._requests = requests

    async def again(self, job: Job, answer: Answer, acts: DecisionPolicy) -> Answer:
        """Go an answer's way with another policy. Raises InfeasibleError where no plan gave the answer."""
        if answer.plan is None or answer.head is None:
            raise InfeasibleError("only what a plan answered can be run again")
        said = (job.frame_id, job.stream, job.model, job.strategy)
        repeated = Job(*said, picture=job.picture, feeds=await self.feeds(job))
        route = Route(answer.plan, answer.head, is_extra=True)
        run = await self._split.head(repeated, route, acts)
        return await self._split.finish(repeated, route, run, answer.answered_by)

    async def shadow(
        self, answer: Answer, codes: Mapping[str, TensorCode], keep: Mapping[str, NDArray[np.bool_]]
    ) -> tuple[Outputs, int]:
        """What the cloud says to an answer's tensors in these codes and channels, and the bytes sent.

        Raises InfeasibleError where no tensors went.
        """
        if answer.plan is None or answer.head is None or answer.run is None or not answer.plan.boundary:
            raise InfeasibleError("no tensors went to the cloud")
        extra, run = Job("shadow", "default", answer.plan.model, "planned"), answer.run
        plan = with_codes(answer.plan, codes)
        make = functools.partial(as_encoded, extra, plan, answer.head, run.tensors, keep)
        made = await extra.turn(self._compute, make)
        encode = functools.partial(self._requests.encoded, extra, plan, made, is_extra=True)
        encoded = await extra.turn(self._compute, encode)
        sent = await self._requests.boundary(extra, plan, made, encoded)
        outputs = {name: run.tensors[name] for name in answer.head.outputs}
        return self._requests.checked(sent.reply, outputs), sent.wire_bytes

    async def exact(self, job: Job) -> tuple[Outputs, int]:
        """What the float network in the cloud says to a frame's inputs as they are, and the bytes sent."""
        feeds = await self.feeds(job)
        sent = await self._requests.exact(
            Job("audit", "default", job.model, job.strategy, feeds=feeds), feeds
        )
        return self._requests.checked(sent.reply), sent.wire_bytes

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs of a frame."""
        return await self._split.feeds(job)

    async def look(self, job: Job, plan: Plan) -> tuple[Head, HeadRun] | None:
        """What a plan's head makes of a frame, without hooks; None where it is not built."""
        head = self._plans.heads.ready(plan)
        if head is None:
            return None
        looked = Job(job.frame_id, job.stream, job.model, job.strategy, job.picture, job.feeds)
        return head, await self._split.head(looked, Route(plan, head), None)
