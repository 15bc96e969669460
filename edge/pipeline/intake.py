"""Admission of frames: an upper bound on those under way, and one answer for each frame id."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.finished import Finished
from evosplit.edge.pipeline.frame_flow import FrameFlow
from evosplit.edge.pipeline.job import Feeds, Job, Strategy, Wait
from evosplit.shared.errors import CardError, EvoSplitError
from evosplit.shared.input_picture import PictureContent
from evosplit.shared.tracing.trace_context import TraceContext

_Work: TypeAlias = Callable[[], Coroutine[Any, Any, Finished]]

_log = logging.getLogger(__name__)


class BusyError(EvoSplitError):
    """More frames are under way than the agent takes; the frame was not accepted."""

    http_status = 503


@dataclass(frozen=True)
class Ticket:
    """What a client says about a frame. ``is_named`` when it chose the id, so that there may be a result.

    ``wait`` says whether it may wait for the cloud, ``deadline_s`` for how long an answer is of use,
    ``trace`` of which trace it is a part.
    """

    frame_id: str
    stream: str = "default"
    strategy: Strategy = "planned"
    is_named: bool = False
    wait: Wait = "now"
    deadline_s: float | None = None
    trace: TraceContext | None = None


class InFlightGauge(Protocol):
    """Counts frames under way for metrics; a Prometheus gauge does."""

    def inc(self) -> None:
        """One more."""

    def dec(self) -> None:
        """One less."""


class FrameIntake:
    """Accepts frames; a repeated id gets the first one's result. All of it belongs to one event loop.

    With ``collects``, frames that may wait for the cloud do.
    """

    def __init__(
        self,
        engine: Engine,
        flow: FrameFlow,
        max_in_flight: int,
        gauge: InFlightGauge | None = None,
        collects: bool = False,
    ) -> None:
        self._collects = collects
        self._engine = engine
        self._flow = flow
        self._max_in_flight = max_in_flight
        self._gauge = gauge
        self._in_flight: dict[str, asyncio.Task[Finished]] = {}

    async def take_picture(self, content: PictureContent, ticket: Ticket) -> Finished:
        """Answer a picture, or have it wait for the cloud.

        Raises InputError, CardError, UsageError, BusyError (all of them: not accepted), FrameFailedError.
        """
        if self._engine.plans.model.card is None:
            raise CardError("the model has no card, so it takes tensors but no pictures: docs/model-card.md")
        self._engine.check_strategy(ticket.strategy)
        work = functools.partial(
            self._flow.picture, content, self._job(ticket), is_repeatable=ticket.is_named
        )
        return await self._submit(ticket.frame_id, work)

    async def take_tensors(self, feeds: Feeds, ticket: Ticket) -> Finished:
        """Answer the model's own inputs. Raises as `take_picture`."""
        self._engine.check_strategy(ticket.strategy)
        work = functools.partial(self._flow.run, self._job(ticket, feeds))
        return await self._submit(ticket.frame_id, work)

    @property
    def in_flight(self) -> int:
        """How many frames are under way."""
        return len(self._in_flight)

    async def drain(self) -> None:
        """Wait until the frames under way have their results, and what follows from them is done."""
        while self._in_flight or self._engine.after or self._flow.follow_ups:
            if self._in_flight:
                await asyncio.wait(self._in_flight.values())
            self._engine.after.run()
            await self._flow.follow_ups.drain()

    async def end(self) -> None:
        """Cancel what follows from frames."""
        await self._flow.follow_ups.end()

    def _job(self, ticket: Ticket, feeds: Feeds | None = None) -> Job:
        model = self._engine.plans.model.graph.name
        wait = "later" if self._collects and ticket.wait == "auto" else ticket.wait
        said = (ticket.frame_id, ticket.stream, model, ticket.strategy)
        return Job(*said, feeds=feeds, wait=wait, deadline_s=ticket.deadline_s, trace=ticket.trace)

    async def _submit(self, frame_id: str, work: _Work) -> Finished:
        task = self._in_flight.get(frame_id)
        if task is None:
            if len(self._in_flight) >= self._max_in_flight:
                raise BusyError(f"{self._max_in_flight} frames are under way already; try again")
            task = self._in_flight[frame_id] = asyncio.create_task(work())
            if self._gauge is not None:
                self._gauge.inc()
            task.add_done_callback(functools.partial(self._forget, frame_id))
        try:
            # A client that goes away does not take its frame along.
            return await asyncio.shield(task)
        finally:
            self._engine.after.soon()

    def _forget(self, frame_id: str, task: asyncio.Task[Finished]) -> None:
        del self._in_flight[frame_id]
        if self._gauge is not None:
            self._gauge.dec()
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, EvoSplitError):  # the client may be gone
            _log.error("frame %s failed", frame_id, exc_info=failure)
