"""The header ``traceparent``: as OpenTelemetry's own reader has it, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from evosplit.shared.tracing.trace_context import (
    CURRENT,
    TRACEPARENT,
    TraceContext,
    new_trace,
    parse_traceparent,
    trace_header,
)

CONTEXTS = some.builds(
    TraceContext, some.integers(1, 2**128 - 1), some.integers(1, 2**64 - 1), some.booleans()
)


@given(CONTEXTS)
def test_it_is_read_again_by_us_and_by_others(context: TraceContext) -> None:
    assert parse_traceparent(context.header()) == context
    others = TraceContextTextMapPropagator().extract({TRACEPARENT: context.header()})
    seen = get_current_span(others).get_span_context()
    assert (seen.trace_id, seen.span_id) == (context.trace_id, context.span_id)
    assert bool(seen.trace_flags & 1) is context.is_sampled


LIKE_ONE = some.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}-?", fullmatch=True)


@given(some.text(max_size=70) | LIKE_ONE)
def test_whatever_others_send_is_read_as_they_do(text: str) -> None:
    ours = parse_traceparent(text)
    seen = get_current_span(TraceContextTextMapPropagator().extract({TRACEPARENT: text})).get_span_context()
    assert (ours is not None) is seen.is_valid
    if ours is not None:
        assert (ours.trace_id, ours.span_id) == (seen.trace_id, seen.span_id)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
        "ff-" + "1" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "1" * 16 + "-01-more",
        "00-" + "A" * 32 + "-" + "1" * 16 + "-01",
    ],
)
def test_what_is_no_context(text: str | None) -> None:
    assert parse_traceparent(text) is None


def test_so_many_are_sampled() -> None:
    drawn = [new_trace(0.25) for _ in range(4000)]
    assert 800 < sum(context.is_sampled for context in drawn) < 1200
    assert not new_trace(0.0).is_sampled
    assert new_trace(1.0).is_sampled


def test_a_child_is_of_the_same_trace() -> None:
    parent = new_trace(1.0)
    child = parent.child()
    assert (child.trace_id, child.is_sampled) == (parent.trace_id, True)
    assert child.span_id != parent.span_id


def test_requests_say_what_they_belong_to() -> None:
    assert trace_header() == {}
    context = new_trace(1.0)
    token = CURRENT.set(context)
    assert trace_header() == {TRACEPARENT: context.header()}
    CURRENT.reset(token)
