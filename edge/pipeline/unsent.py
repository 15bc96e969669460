"""Requests that were not sent: what a spool keeps of a frame that the cloud is to answer later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from evosplit.edge.pipeline.job import Job
from evosplit.edge.results.spool import SpooledFrame, SpooledRequest
from evosplit.shared.errors import CloudUnavailableError
from evosplit.shared.plan import Plan


@dataclass(frozen=True, eq=False)
class Unsent:
    """The body of a request, its tensor's name, and what the head has computed of the outputs.

    ``cut_key`` and ``plan`` are those by which the body was made; a picture without a plan has none.
    """

    input_name: str
    content: bytes
    cut_key: str
    plan: Plan | None
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class UnsentError(CloudUnavailableError):
    """The cloud did not answer, or was not to be asked now; ``unsent`` is what it was to be asked."""

    def __init__(self, reason: str, unsent: Unsent) -> None:
        super().__init__(reason)
        self.unsent = unsent


def spooled(job: Job, network: str, unsent: Unsent) -> SpooledFrame:
    """What is kept of a frame; ``network`` is the sha256 of its model's file."""
    plan, times = unsent.plan, job.times
    request = SpooledRequest(
        frame_id=job.frame_id,
        stream=job.stream,
        model=job.model,
        network=network,
        received_at_s=times.received_at_s,
        strategy=job.strategy,
        input_name=unsent.input_name,
        cut_key=unsent.cut_key,
        plan_digest=None if plan is None else plan.digest,
        cloud_s=0.0 if plan is None else plan.latency.cloud_s,
        cloud="" if plan is None else plan.cloud,
        picture_size=None if job.picture is None else job.picture.original,
        breakdown=times.breakdown(),
        picture_nudge=(0.0, 0.0) if job.picture is None else job.picture.nudge,
        deadline_at_s=None if job.deadline_s is None else times.received_at_s + job.deadline_s,
    )
    return SpooledFrame(request, unsent.content, unsent.outputs)
