"""Flow of one frame, from its picture to its recorded result: decode, answer, read, record, follow up."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from evosplit.edge.background.follow_ups import FollowUp, FollowUps
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job, failure, success
from evosplit.edge.pipeline.stages import DECODE, READ
from evosplit.edge.pipeline.stream_memory import StreamMemory
from evosplit.edge.results.store import Accepted, Store
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, EvoSplitError, InputError
from evosplit.shared.input_picture import read_picture
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.result import Result


class FrameFailedError(EvoSplitError):
    """An accepted frame that nobody could answer; its failure is recorded under ``frame_id``."""

    http_status = 503

    def __init__(self, result: Result) -> None:
        super().__init__(result.error or "no reason given")
        self.frame_id = result.frame_id


class FrameRefusedError(FrameFailedError):
    """An accepted frame with values that the network cannot take."""

    http_status = 400


@dataclass(frozen=True)
class Finished:
    """A result, and the model's outputs where they were computed just now."""

    result: Result
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class FrameRecorder(Protocol):
    """Counts results: metrics, profile."""

    def count(self, result: Result, answer: Answer | None) -> None:
        """Add one frame, with its answer where there was one."""


class FrameFollower(Protocol):
    """Learns from frames, or checks them, once they are answered."""

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp | None:
        """What to do about a frame in the background, if anything; cheap, as every frame waits for it."""


class FrameFlow:
    """Takes frames through their stages; each that is accepted ends in exactly one recorded result."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        follow_ups: FollowUps,
        pause: BackgroundPause,
        recorders: Sequence[FrameRecorder] = (),
        followers: Sequence[FrameFollower] = (),
    ) -> None:
        self._engine = engine
        self._store = store
        self.follow_ups = follow_ups
        self._pause = pause
        self._recorders = tuple(recorders)
        self._followers = tuple(followers)
        self._streams = StreamMemory(engine)

    async def picture(self, content: bytes, job: Job, is_repeatable: bool) -> Finished:
        """Decode a picture and answer it; where it is repeatable, an earlier result of its id is the answer.

        Raises InputError, CardError (not accepted), and as `run`.
        """
        stored = await asyncio.to_thread(self._store.get, job.frame_id) if is_repeatable else None
        if stored is not None:
            return Finished(_answered(stored))
        read = functools.partial(read_picture, self._card(), content, job.strategy == "cloud-jpeg")
        picture = await self._engine.compute.run_stage(DECODE, job.times, read)
        return await self.run(dataclasses.replace(job, picture=picture))

    async def run(self, job: Job) -> Finished:
        """Answer a frame and record that.

        Raises StoreError (not accepted), FrameFailedError, FrameRefusedError.
        """
        accepted = Accepted(job.frame_id, job.stream, job.model, job.times.received_at_s)
        # From here on the frame has a result, whatever happens.
        await asyncio.wrap_future(self._store.accept(accepted))
        finished, is_refused, answer = (
            Finished(failure(job, "the agent failed; its log says how")),
            False,
            None,
        )
        try:
            with self._pause.frame():
                await self._streams.begin(job)
                answer = await self._engine.answer(job)
                reading = await self._read(job, answer)
            finished = Finished(success(job, answer, reading.outcome, reading.confidence), answer.outputs)
            self._follow(job, answer, reading)
        except EvoSplitError as error:
            finished, is_refused = Finished(failure(job, str(error))), isinstance(error, InputError)
        finally:
            kept = self._store.finish(finished.result)
            for recorder in self._recorders:
                recorder.count(finished.result, answer)
        await asyncio.wrap_future(kept)
        if is_refused:
            raise FrameRefusedError(finished.result)
        _answered(finished.result)
        return finished

    async def _read(self, job: Job, answer: Answer) -> Reading:
        """What the outputs say, by the card."""
        card = self._engine.plans.model.card
        if card is None:
            return Reading(None, None)
        size = (card.input.size or (0, 0)) if job.picture is None else job.picture.original
        read = functools.partial(postprocess, card, answer.outputs, size)
        return await self._engine.compute.run_stage(READ, job.times, read)

    def _follow(self, job: Job, answer: Answer, reading: Reading) -> None:
        """In the background: the frame's result does not wait for it."""
        for follower in self._followers:
            work = follower.after_frame(job, answer, reading.outcome)
            if work is not None:
                self.follow_ups.start(work)

    def _card(self) -> Card:
        card = self._engine.plans.model.card
        if card is None:
            raise CardError("the model has no card, so it takes tensors but no pictures")
        return card


def _answered(result: Result) -> Result:
    if result.answered_by == "nobody":
        raise FrameFailedError(result)
    return result
