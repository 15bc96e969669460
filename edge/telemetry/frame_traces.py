"""Traces of frames (OpenTelemetry): a span for the frame, one for each of its steps, one for its request."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.stages import REQUEST
from evosplit.shared.result import Result
from evosplit.shared.tracing.spans import Attributes, Span, steps_of
from evosplit.shared.tracing.trace_context import CURRENT, TraceContext, new_trace


@dataclass(frozen=True)
class _Traced:
    """A frame under way: its own span, whose part that is, and the span of its requests."""

    job: Job
    frame: TraceContext
    parent: TraceContext | None
    request: TraceContext


_TRACED: ContextVar[_Traced | None] = ContextVar("frame", default=None)


class FrameTraces:
    """Begins a trace with each frame, or goes on with its client's, and exports it with the result.

    ``add`` takes finished spans. Traces that begin here are sampled with the probability ``ratio``, others
    as their clients said. Both methods run in the frame's own task.
    """

    def __init__(self, add: Callable[[list[Span]], None], ratio: float) -> None:
        self._add, self._ratio = add, ratio

    def begin(self, job: Job) -> None:
        """Requests of this task belong to the frame from now on."""
        frame = new_trace(self._ratio) if job.trace is None else job.trace.child()
        request = frame.child()
        _TRACED.set(_Traced(job, frame, job.trace, request))
        CURRENT.set(request)

    def count(self, result: Result, answer: Answer | None) -> None:
        """The frame is answered. One that waited on disk for the cloud is not traced any further."""
        traced = _TRACED.get()
        if traced is not None and traced.frame.is_sampled and traced.job.frame_id == result.frame_id:
            self._add(_spans(traced, result, answer))


def _spans(traced: _Traced, result: Result, answer: Answer | None) -> list[Span]:
    now_s, zero_s = time.time(), time.time() - time.perf_counter()
    frame = Span(
        f"frame {result.model}",
        *(traced.frame, traced.parent, now_s - traced.job.times.elapsed_s(), now_s),
        kind="server",
        attributes=_attributes(result),
        error=result.error,
    )
    marks = traced.job.times.marks
    steps = steps_of(traced.frame, [mark for mark in marks if mark.name != REQUEST], zero_s)
    return [frame, *steps, *_request(traced, result, answer, zero_s)]


def _request(traced: _Traced, result: Result, answer: Answer | None, zero_s: float) -> list[Span]:
    """One span for all requests of the frame: its number is what they have told the clouds."""
    asked = [mark for mark in traced.job.times.marks if mark.name == REQUEST]
    if not asked:
        return []
    attributes: Attributes = {
        "evosplit.wire_bytes": result.wire_bytes,
        "evosplit.requests": len(asked),
        "server.address": (answer and answer.cloud) or "",
    }
    from_s, to_s = zero_s + asked[0].started_s, zero_s + asked[-1].ended_s
    return [Span(REQUEST, traced.request, traced.frame, from_s, to_s, "client", attributes)]


def _attributes(result: Result) -> Attributes:
    told = {
        "frame_id": result.frame_id,
        "stream": result.stream,
        "model": result.model,
        "answered_by": result.answered_by,
        "strategy": result.strategy,
        "cut": result.cut_key,
        "plan": result.plan_digest,
        "hook": result.hook,
        "confidence": result.confidence,
    }
    return {f"evosplit.{name}": value for name, value in told.items() if value is not None}
