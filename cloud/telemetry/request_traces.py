"""Traces of inference requests (OpenTelemetry): the cloud's part of a frame's trace, step by step."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.tracing.export import otlp_export
from evosplit.shared.tracing.spans import Mark, Span, steps_of
from evosplit.shared.tracing.trace_context import new_trace, parse_traceparent


class RequestTraces:
    """Goes on with the trace of each request, or begins one, and exports it with the answer.

    ``add`` takes finished spans. Traces that begin here are sampled with the probability ``ratio``, others
    as their senders said.
    """

    def __init__(self, add: Callable[[list[Span]], None], ratio: float) -> None:
        self._add, self._ratio = add, ratio

    @contextmanager
    def request(self, model: str, traceparent: str | None) -> Iterator[list[Mark]]:
        """Trace what the block does; it, and threads that work for it, append their steps to the list."""
        parent = parse_traceparent(traceparent)
        own = new_trace(self._ratio) if parent is None else parent.child()
        marks: list[Mark] = []
        started_s, error = time.time(), None
        try:
            yield marks
        except EvoSplitError as problem:
            error = str(problem)
            raise
        finally:
            if own.is_sampled:
                now_s = time.time()
                about = {"evosplit.model": model}
                whole = Span(f"infer {model}", own, parent, started_s, now_s, "server", about, error)
                self._add([whole, *steps_of(own, marks, now_s - time.perf_counter())])


def request_traces(url: str | None, ratio: float) -> RequestTraces | None:
    """Those of this process, to a collector; None without one. Raises UsageError, MissingExtraError."""
    if url is None:
        return None
    replica = f"{socket.gethostname()}-{os.getpid()}"
    return RequestTraces(otlp_export(url, "evosplit-cloud", replica).add, ratio)
