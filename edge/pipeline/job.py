"""Values of one frame: what is to be answered, the answer, and the result that is recorded."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from numpy.typing import NDArray

from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.pipeline.stages import READ, ComputeThread, StageClock, StageTimes
from evosplit.edge.streams.exchange import SentAs
from evosplit.shared.card import Card
from evosplit.shared.errors import DeadlineError
from evosplit.shared.input_picture import Picture
from evosplit.shared.plan import Plan
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.result import AnsweredBy, Result
from evosplit.shared.tracing.trace_context import TraceContext

T = TypeVar("T")
Strategy: TypeAlias = str
"""One of `evosplit.edge.pipeline.strategies.STRATEGIES`, or one plan: ``plan:DIGITS`` or ``cut:KEY``."""
Feeds: TypeAlias = dict[str, NDArray[Any]]
Wait = Literal["now", "auto", "later"]
"""``now``: an answer or a failure; ``auto``: what nobody can answer now waits for the cloud on disk;
``later``: whatever is for the cloud waits there."""


@dataclass
class Job:
    """A frame and the seconds spent on it so far. It is either a ``picture`` or ``feeds``.

    Of a picture, ``feeds`` are what `keep` was given first. The first turn begins with the ``opening``, which
    gives the picture of a frame that is one (``is_picture``); then the frame is begun (``is_begun``).
    ``deadline_s`` after its arrival an answer is of no use; None: it always is. ``trace`` is the client's.
    """

    frame_id: str
    stream: str
    model: str
    strategy: str
    picture: Picture | None = None
    feeds: Feeds | None = None
    times: StageTimes = field(default_factory=StageTimes)
    wait: Wait = "now"
    deadline_s: float | None = None
    is_picture: bool = False
    opening: Opening | None = None
    is_begun: bool = False
    trace: TraceContext | None = None

    def left_s(self) -> float:
        """Seconds in which an answer is of use. Raises DeadlineError when there are none."""
        left_s = math.inf if self.deadline_s is None else self.deadline_s - self.times.elapsed_s()
        if left_s <= 0:
            raise DeadlineError(f"the frame's {self.deadline_s:g} s are over")
        return left_s

    def keep(self, feeds: Feeds) -> Feeds:
        """Keep the network's inputs, so that they are made of the picture once."""
        self.feeds = feeds
        return feeds

    async def turn(self, compute: ComputeThread, stages: Callable[[StageClock], T]) -> T:
        """Run stages of this frame on the thread that computes; the opening comes first."""

        def opened(clock: StageClock) -> T:
            opening, self.opening = self.opening, None
            if opening is not None:
                self.is_begun = True
                self.picture = opening(clock)
            return stages(clock)

        return await compute.run_stages(self.times, opened, self.is_begun)


Opening: TypeAlias = Callable[[StageClock], "Picture | None"]
"""Decodes the picture where there is one, or refuses the frame."""


@dataclass(frozen=True)
class Answer:
    """The model's outputs and how they came about. ``plan`` is None for the measuring strategies.

    ``hook`` gave the answer where ``answered_by`` is ``exit``, and ``confidence`` is its own. ``run`` is what
    ``head`` made of the frame, where one ran. ``sent_as`` says how boundary tensors went, where some did, and
    ``cloud`` is the address of the cloud that answered.
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
    cloud: str | None = None


def read_outputs(card: Card | None, job: Job, answer: Answer, clock: StageClock) -> Reading:
    """What the outputs mean by the card. Raises CardError, and InputError for NaN."""
    if card is None:
        return Reading(None, None)
    nowhere = (card.input.size or (0, 0), (0.0, 0.0))
    geometry = nowhere if job.picture is None else job.picture.geometry
    read = functools.partial(postprocess, card, answer.outputs, *geometry)
    return clock.run_stage(READ, job.times, read)


def success(job: Job, answer: Answer, outcome: object, confidence: float | None) -> Result:
    """The result of a frame that was answered."""
    return Result(
        frame_id=job.frame_id,
        stream=job.stream,
        model=job.model,
        received_at_s=job.times.received_at_s,
        answered_by=answer.answered_by,
        outcome=outcome,
        confidence=confidence if answer.confidence is None else answer.confidence,
        plan_digest=None if answer.plan is None else answer.plan.digest,
        wire_bytes=answer.wire_bytes,
        breakdown=job.times.breakdown(),
        strategy=job.strategy,
        cut_key=answer.cut_key,
        hook=answer.hook,
        cloud=answer.cloud,
    )


def failure(job: Job, error: str) -> Result:
    """The result of a frame that nobody could answer."""
    return Result(
        frame_id=job.frame_id,
        stream=job.stream,
        model=job.model,
        received_at_s=job.times.received_at_s,
        answered_by="nobody",
        outcome=None,
        confidence=None,
        plan_digest=None,
        wire_bytes=0,
        breakdown=job.times.breakdown(),
        error=error,
        strategy=job.strategy,
    )
