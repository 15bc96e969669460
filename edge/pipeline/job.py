"""Job: one frame on its way through the agent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.streams.exchange import SentAs
from evosplit.shared.input_picture import Picture
from evosplit.shared.plan import Plan
from evosplit.shared.result import AnsweredBy, Breakdown, Result

Strategy: TypeAlias = str
"""One of `evosplit.edge.pipeline.named_plans.STRATEGIES`, or one plan: ``plan:DIGITS`` or ``cut:KEY``."""
Feeds = dict[str, NDArray[Any]]


@dataclass
class Job:
    """A frame and the seconds spent on it so far. It is either a ``picture`` or ``feeds``.

    ``received_at_s`` is Unix time, ``started_s`` the ``time.perf_counter`` at the same moment. Of its request
    ``cloud_queue_s`` is the wait in the cloud, and ``link_share`` the mean share of the link that it had.
    """

    frame_id: str
    stream: str
    model: str
    strategy: Strategy
    picture: Picture | None = None
    feeds: Feeds | None = None
    received_at_s: float = field(default_factory=time.time)
    started_s: float = field(default_factory=time.perf_counter)
    spent_s: dict[str, float] = field(default_factory=dict)
    cloud_queue_s: float = 0.0
    link_share: float = 1.0

    def spend(self, **seconds: float) -> None:
        """Add to the steps of the breakdown, by field name."""
        for step, step_s in seconds.items():
            self.spent_s[step] = self.spent_s.get(step, 0.0) + step_s

    def breakdown(self) -> Breakdown:
        """Where the time went until now."""
        return Breakdown(**self.spent_s, total_s=time.perf_counter() - self.started_s)


@dataclass(frozen=True)
class Answer:
    """The model's outputs and how they came about. ``plan`` is None for the measuring strategies.

    ``hook`` gave the answer where ``answered_by`` is ``exit``, and ``confidence`` is its own. ``run`` is what
    ``head`` made of the frame, where one ran. ``sent_as`` says how boundary tensors went, where some did.
    """

    outputs: Mapping[str, NDArray[Any]]
    answered_by: AnsweredBy
    plan: Plan | None
    cut_key: str
    wire_bytes: int
    hook: str | None = None
    confidence: float | None = None
    head: Head | None = None
    run: HeadRun | None = None
    sent_as: SentAs | None = None


def success(job: Job, answer: Answer, outcome: object, confidence: float | None) -> Result:
    """The result of a frame that was answered."""
    return Result(
        frame_id=job.frame_id,
        stream=job.stream,
        model=job.model,
        received_at_s=job.received_at_s,
        answered_by=answer.answered_by,
        outcome=outcome,
        confidence=confidence if answer.confidence is None else answer.confidence,
        plan_digest=None if answer.plan is None else answer.plan.digest,
        wire_bytes=answer.wire_bytes,
        breakdown=job.breakdown(),
        strategy=job.strategy,
        cut_key=answer.cut_key,
        hook=answer.hook,
    )


def failure(job: Job, error: str) -> Result:
    """The result of a frame that nobody could answer."""
    return Result(
        frame_id=job.frame_id,
        stream=job.stream,
        model=job.model,
        received_at_s=job.received_at_s,
        answered_by="nobody",
        outcome=None,
        confidence=None,
        plan_digest=None,
        wire_bytes=0,
        breakdown=job.breakdown(),
        error=error,
        strategy=job.strategy,
    )
