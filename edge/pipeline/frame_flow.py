"""Flow of one frame, from its picture to its recorded result: decode, answer, read, record, follow up."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from evosplit.edge.background.follow_ups import FollowUps
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.finished import (
    Finished,
    FrameFailedError,
    FrameFollower,
    FrameRecorder,
    FrameRefusedError,
    FrameTracing,
    NotAcceptedError,
)
from evosplit.edge.pipeline.job import Answer, Job, failure, success
from evosplit.edge.pipeline.stages import DECODE, READ, StageClock
from evosplit.edge.pipeline.unsent import Unsent, UnsentError, spooled
from evosplit.edge.results.spool import Spool, SpoolFullError
from evosplit.edge.results.store import Accepted, Store
from evosplit.edge.streams.stream_ends import StreamEnds
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, EvoSplitError, InputError, StoreError
from evosplit.shared.input_picture import Picture, PictureContent, read_picture
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.result import Result


class FrameFlow:
    """Takes frames through their stages; each that is accepted ends in exactly one recorded result."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        follow_ups: FollowUps,
        pause: BackgroundPause,
        spool: Spool | None = None,
        recorders: Sequence[FrameRecorder] = (),
        followers: Sequence[FrameFollower] = (),
        traces: FrameTracing | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self.follow_ups = follow_ups
        self._pause = pause
        self._spool = spool
        self._recorders = tuple(recorders)
        self._followers = tuple(followers)
        self._traces = traces
        self._stream_ends = StreamEnds()

    async def picture(self, content: PictureContent, job: Job, is_repeatable: bool) -> Finished:
        """Decode a picture and answer it; where it is repeatable, an earlier result of its id is the answer.

        Raises InputError, CardError (not accepted), and as `run`.
        """
        if is_repeatable and (earlier := await self._earlier(job)) is not None:
            return _checked(earlier)
        read = functools.partial(read_picture, self._card(), content, job.strategy == "cloud-jpeg")
        return await self._run(job, read)

    async def run(self, job: Job) -> Finished:
        """Answer a frame and record that.

        Raises StoreError (not accepted), FrameFailedError, FrameRefusedError.
        """
        return await self._run(job, None)

    async def _earlier(self, job: Job) -> Finished | None:
        """What is known of a frame that was sent before."""
        if self._spool is not None and self._spool.holds(job.frame_id):
            return _waiting(job)
        stored = await asyncio.to_thread(self._store.get, job.frame_id)
        return None if stored is None else Finished(stored)

    async def _run(self, job: Job, read: Callable[[], Picture] | None) -> Finished:
        if self._traces is not None:
            self._traces.begin(job)
        noted = self._store.accept(Accepted(job.frame_id, job.stream, job.model, job.times.received_at_s))
        opening = functools.partial(self._open, job, noted, read)
        job = dataclasses.replace(job, is_picture=read is not None, opening=opening)
        finished: Finished | None = None
        answer: Answer | None = None
        recorded: Future[None] | None = None
        try:
            with self._pause.frame():
                answer = await self._engine.answer(job)
                reading = await self._read(job, answer)
            finished = Finished(success(job, answer, reading.outcome, reading.confidence), answer.outputs)
        except NotAcceptedError as refused:
            recorded = self._store.withdraw(job.frame_id)
            raise refused.reason from None
        except UnsentError as error:
            recorded, finished = self._keep(job, error.unsent, str(error))
        except EvoSplitError as error:
            finished = Finished(failure(job, str(error)), is_refused=isinstance(error, InputError))
        finally:
            finished = finished or Finished(failure(job, "the agent failed; its log says how"))
            recorded = recorded or self._record(finished.result, answer)
        await self._recorded(recorded, job)
        if answer is not None and finished.result.answered_by != "nobody":
            self._follow(job, answer, finished.result.outcome)
        return _checked(finished)

    def _keep(self, job: Job, unsent: Unsent, silence: str) -> tuple[Future[None] | None, Finished]:
        """Have a frame wait on disk for the cloud, where there is a place for it."""
        if self._spool is None:
            return None, Finished(failure(job, silence))
        try:
            network = self._engine.plans.model.graph.sha256
            return self._spool.put(spooled(job, network, unsent)), _waiting(job)
        except SpoolFullError as full:
            return None, Finished(failure(job, f"{silence}; {full}"))

    async def _recorded(self, recorded: Future[None], job: Job) -> None:
        """Wait for the disk. Raises StoreError; then the frame does not wait there for the cloud either."""
        try:
            await asyncio.wrap_future(recorded)
        except StoreError:
            if self._spool is not None:
                self._spool.finished(job.frame_id)
            raise

    def _open(
        self, job: Job, noted: Future[None], read: Callable[[], Picture] | None, clock: StageClock
    ) -> Picture | None:
        """On the thread that computes: decode, while the note is written; then the frame has a result.

        Streams that ended, or begin anew with this frame, are forgotten.
        """
        try:
            picture = None if read is None else clock.run_stage(DECODE, job.times, read)
            noted.result()
        except EvoSplitError as reason:
            raise NotAcceptedError(reason) from None
        size = () if picture is None else picture.original
        if over := self._stream_ends.see(job.stream, size, time.monotonic()):
            self._engine.forget_streams(over)
        return picture

    async def _read(self, job: Job, answer: Answer) -> Reading:
        """What the outputs say, by the card."""
        card = self._engine.plans.model.card
        if card is None:
            return Reading(None, None)
        size = (card.input.size or (0, 0)) if job.picture is None else job.picture.original
        read = functools.partial(postprocess, card, answer.outputs, size)
        return await self._engine.compute.run_stage(READ, job.times, read)

    def _record(self, result: Result, answer: Answer | None) -> Future[None]:
        """Store the result, and count it in metrics and profile."""
        recorded = self._store.finish(result)
        for recorder in self._recorders:
            recorder.count(result, answer)
        return recorded

    def _follow(self, job: Job, answer: Answer, outcome: object) -> None:
        """In the background: the frame's result does not wait for it."""
        for follower in self._followers:
            work = follower.after_frame(job, answer, outcome)
            if work is not None:
                self.follow_ups.start(work)

    def _card(self) -> Card:
        card = self._engine.plans.model.card
        if card is None:
            raise CardError("the model has no card, so it takes tensors but no pictures: docs/model-card.md")
        return card


def _checked(finished: Finished) -> Finished:
    """Itself, if somebody answered."""
    if finished.waits:
        return finished
    if finished.is_refused:
        raise FrameRefusedError(finished.result)
    if finished.result.answered_by == "nobody":
        raise FrameFailedError(finished.result)
    return finished


def _waiting(job: Job) -> Finished:
    return Finished(failure(job, "the frame waits for the cloud"), waits=True)
