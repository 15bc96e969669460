"""Export of spans to a collector that speaks OTLP, and to one that is away."""

from __future__ import annotations

import logging
import time

import pytest
from otlp_receiver import otlp_receiver

from evosplit.shared.errors import UsageError
from evosplit.shared.free_ports import free_port
from evosplit.shared.tracing.export import otlp_export
from evosplit.shared.tracing.spans import Mark, Span, steps_of
from evosplit.shared.tracing.trace_context import TraceContext, new_trace


def whole(context: TraceContext, error: str | None = None) -> Span:
    return Span("whole", context, None, 1000.0, 1002.0, "server", {"a": 1, "b": "x"}, error)


def test_spans_arrive_as_they_were() -> None:
    with otlp_receiver() as received:
        export, own = otlp_export(received.url, "tests", "one"), new_trace(1.0)
        step = steps_of(own, [Mark("step", 0.5, 1.0)], 1000.0)
        export.add([whole(own, "it broke"), *step])
        export.add([whole(new_trace(0.0))])
        export.close()
        sent, below = received.named("whole"), received.named("step")
    assert [service for service, _ in received.spans] == ["tests", "tests"]
    assert int.from_bytes(sent.trace_id, "big") == own.trace_id
    assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (1000 * 10**9, 1002 * 10**9)
    assert (sent.status.message, sent.kind) == ("it broke", 2)
    assert below.parent_span_id == sent.span_id
    assert below.end_time_unix_nano - below.start_time_unix_nano == 10**9 // 2


def test_a_collector_that_is_away_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    export = otlp_export(f"http://127.0.0.1:{port}", "tests", "one")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            export.add([whole(new_trace(1.0))])
        began_s = time.monotonic()
        export.close()
    assert time.monotonic() - began_s < 30
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"traces are not taken at 127.0.0.1:{port}: they are lost meanwhile"
    ]


@pytest.mark.parametrize("url", ["", "collector:4318", "grpc://collector:4317", "http://"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="collector"):
        otlp_export(url, "tests", "one")
