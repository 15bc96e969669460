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
from evosplit.edge.pipeline.job import Answer, Job, failure, read_outputs, success
from evosplit.edge.pipeline.stages import DECODE, StageClock
from evosplit.edge.pipeline.unsent import Unsent, UnsentError, spooled
from evosplit.edge.results.spool import Spool, SpoolFullError
from evosplit.edge.results.store import Accepted, Store
from evosplit.edge.streams.stream_ends import StreamEnds
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, CloudUnavailableError, EvoSplitError, InputError, StoreError
from evosplit.shared.input_picture import Picture, PictureContent
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
            return earlier
        return await self._run(job, functools.partial(self._engine.read_picture, self._card(), content, job))

    async def run(self, job: Job) -> Finished:
        """Answer a frame and record that.

        Raises StoreError (not accepted), FrameFailedError, FrameRefusedError.
        """
        return await self._run(job, None)

    async def _earlier(self, job: Job) -> Finished | None:
        """What is known of a frame that was sent before. Raises FrameFailedError."""
        if self._spool is not None and self._spool.holds(job.frame_id):
            return _waiting(job)
        stored = await asyncio.to_thread(self._store.get, job.frame_id)
        if stored is not None and stored.answered_by == "nobody":
            raise FrameFailedError(stored)
        return None if stored is None else Finished(stored)

    async def _run(self, job: Job, read: Callable[[], Picture] | None) -> Finished:
        if self._traces is not None:
            self._traces.begin(job)
        noted = self._store.accept(Accepted(job.frame_id, job.stream, job.model, job.times.received_at_s))
        opening = functools.partial(self._open, job, noted, read)
        job = dataclasses.replace(job, is_picture=read is not None, opening=opening)
        answer: Answer | None = None
        try:
            with self._pause.frame():
                answer = await self._engine.answer(job)
                answer, finished = await self._finish(job, answer)
        except NotAcceptedError as refused:
            self._store.withdraw(job.frame_id)
            raise refused.reason from None
        except UnsentError as error:
            return await self._keep(job, error.unsent, str(error))
        except EvoSplitError as error:
            raise await self._failed(job, answer, error) from None
        except BaseException:  # a client that goes away, too: a frame that was accepted ends in one result
            self._record(failure(job, "the agent failed; its log says how"), answer)
            raise
        self._engine.after.add(functools.partial(self._follow, job, answer, finished.result.outcome))
        return finished

    async def _keep(self, job: Job, unsent: Unsent, silence: str) -> Finished:
        """Have a frame wait on disk for the cloud, where there is a place for it. Raises FrameFailedError."""
        if self._spool is None:
            raise await self._failed(job, None, CloudUnavailableError(silence))
        network = self._engine.plans.model.graph.sha256
        try:
            await asyncio.wrap_future(self._spool.put(spooled(job, network, unsent)))
        except SpoolFullError as full:
            reason = CloudUnavailableError(f"{silence}; {full}")
            raise await self._failed(job, None, reason) from None
        except StoreError:
            self._spool.finished(job.frame_id)  # it does not wait there either
            raise
        return _waiting(job)

    async def _failed(self, job: Job, answer: Answer | None, reason: EvoSplitError) -> FrameFailedError:
        """The error of a frame whose failure is recorded. Raises StoreError."""
        result = failure(job, str(reason))
        await asyncio.wrap_future(self._record(result, answer))
        return (FrameRefusedError if isinstance(reason, InputError) else FrameFailedError)(result)

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

    async def _finish(self, job: Job, answer: Answer) -> tuple[Answer, Finished]:
        """Read the outputs by the card, and store the result in the same turn. Raises StoreError, InputError.

        Where few bits crossed and the cloud's outputs are NaN, the edge alone answers.
        """

        def turn(clock: StageClock) -> Finished:
            reading = read_outputs(self._engine.plans.model.card, job, answer, clock)
            result = success(job, answer, reading.outcome, reading.confidence)
            return Finished(result, answer.outputs, self._store.finish_here(result))

        try:
            finished = await job.turn(self._engine.compute, turn)
        except InputError:
            alone = None if answer.cloud is None else await self._engine.alone(job)
            if alone is None:
                raise
            return await self._finish(job, alone)
        self._engine.after.add(self._index)
        self._count(finished.result, answer)
        return answer, finished

    def _index(self) -> None:
        self._store.index()

    def _record(self, result: Result, answer: Answer | None) -> Future[None]:
        """Store the result of a frame that failed."""
        recorded = self._store.finish(result)
        self._count(result, answer)
        return recorded

    def _count(self, result: Result, answer: Answer | None) -> None:
        """End the trace; in metrics and profile the result is counted once the answer has been sent."""
        if self._traces is not None:
            self._traces.count(result, answer)
        for recorder in self._recorders:
            self._engine.after.add(functools.partial(recorder.count, result, answer))

    def _follow(self, job: Job, answer: Answer, outcome: object) -> None:
        """In the background, which begins once the answer has been sent."""
        for follower in self._followers:
            work = follower.after_frame(job, answer, outcome)
            if work is not None:
                self.follow_ups.start(work)

    def _card(self) -> Card:
        card = self._engine.plans.model.card
        if card is None:
            raise CardError("the model has no card, so it takes tensors but no pictures: docs/model-card.md")
        return card


def _waiting(job: Job) -> Finished:
    return Finished(failure(job, "the frame waits for the cloud"), waits=True)
