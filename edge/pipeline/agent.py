"""Agent: takes frames, follows each of them to its one result, and stores that."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from evosplit.edge.background.follow_ups import FollowUps
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Feeds, Job, Strategy, failure, success
from evosplit.edge.results.store import Accepted, Store
from evosplit.edge.streams.stream_ends import StreamsSeen
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, EvoSplitError, InputError
from evosplit.shared.input_picture import read_picture
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.result import Result

if TYPE_CHECKING:
    from evosplit.edge.audits.plan_audits import PlanAudits
    from evosplit.edge.calibration.calibrating import Calibrating
    from evosplit.edge.hook_learning.manager import HookManager
    from evosplit.edge.telemetry.savings_record import Expecting


_log = logging.getLogger(__name__)


class BusyError(EvoSplitError):
    """More frames are under way than the agent takes; the frame was not accepted."""

    http_status = 503


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
class Ticket:
    """What a client says about a frame. ``is_named`` when it chose the id, so that there may be a result."""

    frame_id: str
    stream: str = "default"
    strategy: Strategy = "planned"
    is_named: bool = False


@dataclass(frozen=True)
class Finished:
    """A result, and the model's outputs where they were computed just now."""

    result: Result
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)


_Work: TypeAlias = Callable[[], Coroutine[Any, Any, Finished]]


class Agent:
    """Accepts frames and records exactly one result for each; a repeated id gets the first one's result."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        metrics: Metrics,
        max_in_flight: int,
        expecting: Expecting,
        hook_manager: HookManager | None = None,
        calibrating: Calibrating | None = None,
        plan_audits: PlanAudits | None = None,
    ) -> None:
        self.engine = engine
        self.plans = engine.plans
        self.cloud = engine.cloud
        self.store = store
        self.metrics = metrics
        self._max_in_flight = max_in_flight
        self.profile = expecting.profile
        self.expecting = expecting
        self._in_flight: dict[str, asyncio.Task[Finished]] = {}
        self.hook_manager = hook_manager
        self.calibrating = calibrating
        self.plan_audits = plan_audits
        self._streams = StreamsSeen()
        self._follow_ups = FollowUps(metrics.background_failed, metrics.follow_up_skipped)

    async def take_picture(self, content: bytes, ticket: Ticket) -> Result:
        """Answer a picture file.

        Raises InputError, CardError, UsageError, BusyError (all of them: not accepted), FrameFailedError.
        """
        card = self.engine.plans.model.card
        if card is None:
            raise CardError("the model has no card, so it takes tensors but no pictures")
        self.engine.check_strategy(ticket.strategy)
        work = functools.partial(self._picture, card, content, ticket)
        finished = await self._submit(ticket.frame_id, work)
        return finished.result

    async def take_tensors(self, feeds: Feeds, ticket: Ticket) -> Finished:
        """Answer the model's own inputs. Raises as `take_picture`."""
        self.engine.check_strategy(ticket.strategy)
        model = self.engine.plans.model.graph.name
        job = Job(ticket.frame_id, ticket.stream, model, ticket.strategy, feeds=feeds)
        return await self._submit(ticket.frame_id, functools.partial(self._see_through, job))

    @property
    def in_flight(self) -> int:
        """How many frames are under way."""
        return len(self._in_flight)

    async def drain(self) -> None:
        """Wait until the frames under way have their results, and what follows from them is done."""
        while self._in_flight or self._follow_ups:
            if self._in_flight:
                await asyncio.wait(self._in_flight.values())
            await self._follow_ups.drain()

    async def end(self) -> None:
        """Cancel what follows from frames."""
        await self._follow_ups.end()

    async def _submit(self, frame_id: str, work: _Work) -> Finished:
        task = self._in_flight.get(frame_id)
        if task is None:
            if len(self._in_flight) >= self._max_in_flight:
                raise BusyError(f"{self._max_in_flight} frames are under way already; try again")
            task = asyncio.create_task(work())
            self._in_flight[frame_id] = task
            self.metrics.in_flight.inc()
            task.add_done_callback(functools.partial(self._forget, frame_id))
        # A client that goes away does not take its frame along.
        return await asyncio.shield(task)

    def _forget(self, frame_id: str, task: asyncio.Task[Finished]) -> None:
        del self._in_flight[frame_id]
        self.metrics.in_flight.dec()
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, EvoSplitError):  # the client may be gone
            _log.error("frame %s failed", frame_id, exc_info=failure)

    async def _picture(self, card: Card, content: bytes, ticket: Ticket) -> Finished:
        job = Job(ticket.frame_id, ticket.stream, self.engine.plans.model.graph.name, ticket.strategy)
        stored = await asyncio.to_thread(self.store.get, ticket.frame_id) if ticket.is_named else None
        if stored is not None:
            return Finished(_answered(stored))
        read = functools.partial(read_picture, card, content, ticket.strategy == "cloud-jpeg")
        decoded = await self.engine.compute.run(read)
        job.picture = decoded.value
        job.spend(queue_s=decoded.queue_s, preprocess_s=decoded.seconds)
        return await self._see_through(job)

    async def _see_through(self, job: Job) -> Finished:
        await self._note(job)
        finished, wrong, answer = Finished(failure(job, "the agent failed; its log says how")), False, None
        try:
            with self._under_way():
                await self._forget_streams(job)
                answer = await self.engine.answer(job)
                reading = await self._read(job, answer)
            finished = Finished(success(job, answer, reading.outcome, reading.confidence), answer.outputs)
            self._follow_up(job, answer, reading)
        except EvoSplitError as error:
            finished, wrong = Finished(failure(job, str(error))), isinstance(error, InputError)
        finally:
            kept = self.store.finish(finished.result)
            self.metrics.count(finished.result, answer)
            self.profile.count(finished.result, answer)
        await asyncio.wrap_future(kept)
        if wrong:
            raise FrameRefusedError(finished.result)
        _answered(finished.result)
        return finished

    @contextlib.contextmanager
    def _under_way(self) -> Iterator[None]:
        """While this is open, what nobody waits for stands still."""
        with contextlib.ExitStack() as stack:
            for one in (self.hook_manager, self.calibrating, self.plan_audits):
                if one is not None:
                    stack.enter_context(one.frame())
            yield

    async def _note(self, job: Job) -> None:
        """From here on the frame has a result, whatever happens. Raises StoreError: it is not accepted."""
        frame = Accepted(job.frame_id, job.stream, job.model, job.received_at_s)
        await asyncio.wrap_future(self.store.accept(frame))

    async def _forget_streams(self, job: Job) -> None:
        """What is kept of streams that ended, or of this one where it begins anew."""
        size = () if job.picture is None else job.picture.original
        if over := self._streams.see(job.stream, size, time.monotonic()):
            await self.engine.forget(over)

    def _follow_up(self, job: Job, answer: Answer, reading: Reading) -> None:
        """In the background: the frame's result does not wait for it."""
        if self.hook_manager is not None:
            observe = self.hook_manager.observer.observe
            self._follow_ups.start(functools.partial(observe, job, answer, reading.outcome))
        if self.calibrating is not None and self.calibrating.wants:
            self._follow_ups.start(functools.partial(self.calibrating.see, job, answer))
        if self.plan_audits is not None and self.plan_audits.wants(job, answer):
            self._follow_ups.start(functools.partial(self.plan_audits.audit, job, answer))

    async def _read(self, job: Job, answer: Answer) -> Reading:
        card = self.engine.plans.model.card
        if card is None:
            return Reading(None, None)
        size = (card.input.size or (0, 0)) if job.picture is None else job.picture.original
        timed = await self.engine.compute.run(lambda: postprocess(card, answer.outputs, size))
        job.spend(queue_s=timed.queue_s, postprocess_s=timed.seconds)
        return timed.value


def _answered(result: Result) -> Result:
    if result.answered_by == "nobody":
        raise FrameFailedError(result)
    return result
