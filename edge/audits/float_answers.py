"""Reference answers of the float network for frames that a plan has answered, within a budget."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Feeds, Job
from evosplit.edge.plan_choice.trusted_plans import is_exact, whole_in_cloud
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices
from evosplit.shared.time_budget import TimeBudget, TokenBucket

SHARE: Final = 0.01
"""Of the bytes that frames send, so many more may go into this; as many go into shadows of hooks."""
MOST_BYTES: Final = 4 << 20
"""So much of that can be saved up, and is there at the start, to check the first plan at once."""
TIME_SHARE: Final = 0.02
MOST_S: Final = 0.25
"""The float network on this machine may take this share of the time, saved up to so much."""
LONGEST_S: Final = 2.0
"""What would take the link for longer is not sent: frames would have to wait for it."""

_Outputs: TypeAlias = Mapping[str, NDArray[Any]]


class FloatAnswers:
    """The float network on whichever side can. All of it belongs to the event loop.

    ``may_send_inputs``: whether the network's inputs may leave the device.
    """

    def __init__(self, engine: Engine, may_send_inputs: bool) -> None:
        self._engine = engine
        self.may_send_inputs = may_send_inputs
        self._bytes = TokenBucket(SHARE, MOST_BYTES, MOST_BYTES)
        self._time = TimeBudget(TIME_SHARE, MOST_S)
        self._cost_bytes = whole_in_cloud(engine.plans.model.table, engine.plans.model.graph).wire_bytes
        self._earned_s = time.monotonic()

    @property
    def is_saved_up(self) -> bool:
        """Whether half of what can be saved is there; the other half is for suspicions."""
        return self._bytes.left >= self._bytes.most / 2

    @property
    def is_possible(self) -> bool:
        """Whether an answer can be had and paid just now."""
        return self._plan_here() is not None or self._is_cloud_possible()

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs of a frame. Raises InputError, CardError."""
        return await self._engine.extra.feeds(job)

    def earn(self, answer: Answer) -> None:
        """By what a frame sent; where plans send nothing, by what the link could have carried meanwhile."""
        now_s, flow = time.monotonic(), float(answer.wire_bytes)
        if not flow:
            idle_bytes = (now_s - self._earned_s) * self._engine.clouds.first.link.link.bandwidth_bps / 8
            flow = min(idle_bytes, self._cost_bytes)
        self._bytes.earn(flow)
        self._earned_s = now_s

    async def of(self, job: Job) -> _Outputs | None:
        """The outputs for a frame; None where they are not to be had just now.

        Raises CloudUnavailableError, CloudRefusedError, InputError, CardError.
        """
        plan = self._plan_here()
        if plan is not None:
            return await self._here(job, plan)
        return await self._in_cloud(job) if self._is_cloud_possible() else None

    def _plan_here(self) -> Plan | None:
        """A plan of the table that runs the float network on this machine, and whose head is built."""
        if self._time.is_spent:
            return None
        engine = self._engine
        whole = (plan for plan in choices(engine.plans.model.table) if not plan.boundary and is_exact(plan))
        return next((plan for plan in whole if engine.plans.heads.ready(plan) is not None), None)

    async def _here(self, job: Job, plan: Plan) -> _Outputs | None:
        with self._time.spending():
            looked = await self._engine.extra.look(job, plan)
        return None if looked is None else {name: looked[1].tensors[name] for name in looked[0].outputs}

    def _is_cloud_possible(self) -> bool:
        clouds = self._engine.clouds
        is_free = not clouds.are_away and not clouds.are_busy
        is_paid = self._bytes.left >= self._cost_bytes
        is_short = clouds.order("")[0].link.link.uplink_s(self._cost_bytes) <= LONGEST_S
        return self.may_send_inputs and is_free and is_paid and is_short

    async def _in_cloud(self, job: Job) -> _Outputs:
        right, self._cost_bytes = await self._engine.extra.exact(job)
        self._bytes.spend(self._cost_bytes)
        return right
