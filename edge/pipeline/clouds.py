"""Failover between the clouds of one agent: a request goes to its plan's cloud, or else to the next one."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.streams.delta import DeltaSender
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError


def _own_deltas() -> DeltaSender:
    return DeltaSender(secrets.randbits(64))


@dataclass(frozen=True, eq=False)
class Cloud:
    """One cloud: the link to it, and what it holds of streams, which no other one does."""

    link: CloudLink
    deltas: DeltaSender = field(default_factory=_own_deltas)

    @property
    def name(self) -> str:
        """Its address, as plans and results name it."""
        return self.link.cloud


@dataclass(frozen=True)
class Request:
    """A body that any cloud of the network can answer; ``cloud_s`` is what computing is predicted to take.

    A ``patient`` one may take all of the time-out, of which ``spent_s`` are gone. Rows of the outputs that
    score no more than ``rows_over`` may be left out of the answer.
    """

    input_name: str
    content: bytes
    cloud_s: float = 0.0
    patient: bool = False
    spent_s: float = 0.0
    rows_over: float | None = None


class Clouds:
    """All clouds of an agent, the first one first. ``name`` is that of a plan: "" is the first one."""

    def __init__(self, every: Sequence[Cloud]) -> None:
        self.every = tuple(every)
        self._by_name = {cloud.name: cloud for cloud in self.every}

    @property
    def first(self) -> Cloud:
        """The one that is asked where nothing says otherwise."""
        return self.every[0]

    @property
    def are_away(self) -> bool:
        """Whether no cloud is known to be there."""
        return all(cloud.link.circuit.is_open for cloud in self.every)

    @property
    def are_busy(self) -> bool:
        """Whether a request is under way."""
        return any(cloud.link.is_busy for cloud in self.every)

    def named(self, name: str) -> Cloud:
        """The cloud of a plan."""
        return self._by_name.get(name, self.first)

    def order(self, name: str) -> list[Cloud]:
        """A plan's cloud, then those of the others that are there, as they were given."""
        own = self.named(name)
        others = (cloud for cloud in self.every if cloud is not own and not cloud.link.circuit.is_open)
        return [own, *others]

    def wait_s(self, now_s: float) -> float:
        """Seconds until one of them is looked for; 0 while one is there."""
        return min(cloud.link.circuit.wait_s(now_s) for cloud in self.every)

    async def infer(
        self, name: str, request: Request, beside: Cloud | None = None, left_s: float = math.inf
    ) -> CloudAnswer:
        """Have a request answered in ``left_s``, by the plan's cloud if it can be; ``beside`` is not asked.

        Raises what the last one raised: CloudUnavailableError, CloudRefusedError.
        """
        failure: CloudUnavailableError | CloudRefusedError = CloudUnavailableError("the cloud is away")
        started_s = time.perf_counter()
        for cloud in self.order(name):
            if cloud is not beside:
                try:
                    return await infer(cloud.link, request, left_s - (time.perf_counter() - started_s))
                except (CloudUnavailableError, CloudRefusedError) as problem:
                    failure = problem
        raise failure


async def infer(link: CloudLink, request: Request, left_s: float) -> CloudAnswer:
    """Have a request answered over one link. Raises as `CloudLink.infer`."""
    return await link.infer(
        request.input_name,
        request.content,
        request.cloud_s,
        request.patient,
        request.spent_s,
        left_s,
        request.rows_over,
    )
