"""Traces of frames from the client over the agent to the cloud."""

from __future__ import annotations

import asyncio
import contextvars
import time
from pathlib import Path

import pytest
from edge_support import middle_stage, picture, stage
from otlp_receiver import otlp_receiver

from evosplit.edge.pipeline.job import Job, failure
from evosplit.edge.pipeline.stages import HEAD, REQUEST
from evosplit.edge.telemetry.frame_traces import FrameTraces
from evosplit.shared.tracing.spans import Span
from evosplit.shared.tracing.trace_context import TRACEPARENT, new_trace, parse_traceparent


async def test_a_frame_goes_on_with_its_clients_trace_and_the_cloud_with_the_frames(tmp_path: Path) -> None:
    client = new_trace(1.0)
    with otlp_receiver() as received:
        async with middle_stage(tmp_path, hooks=False, traces=received.url) as on:
            on.cloud.traceparents.clear()
            headers = {TRACEPARENT: client.header(), "X-Evosplit-Frame-Id": "traced"}
            async with on.client.post(f"{on.url}/v1/frames", data=picture(1), headers=headers) as answer:
                assert answer.status == 200
            asked = parse_traceparent(on.cloud.traceparents[-1])
        frame = next(
            span
            for _, span in received.spans
            if span.name == "frame net" and int.from_bytes(span.trace_id, "big") == client.trace_id
        )
        request = next(span for _, span in received.spans if span.span_id == asked.span_id.to_bytes(8, "big"))
    assert int.from_bytes(frame.parent_span_id, "big") == client.span_id
    assert {each.key: each.value.string_value for each in frame.attributes}["evosplit.frame_id"] == "traced"
    assert (request.name, request.parent_span_id) == ("request", frame.span_id)
    steps = received.below(frame)
    assert [step for step in steps if step != "queue"] == [
        *("decode", "preprocess", "head", "encode", "request", "read")
    ]
    for _, span in received.spans:
        if span.parent_span_id == frame.span_id:
            assert frame.start_time_unix_nano <= span.start_time_unix_nano + 10**6
            assert span.end_time_unix_nano <= frame.end_time_unix_nano + 10**6


async def test_failures_are_told_and_unsampled_frames_are_not_sent(tmp_path: Path) -> None:
    with otlp_receiver() as received:
        async with middle_stage(
            tmp_path, hooks=False, traces=received.url, trace_ratio=0.0, with_fallback=False
        ) as on:
            await on.post(picture(1))
            unsampled = new_trace(0.0)
            async with on.client.post(
                f"{on.url}/v1/frames", data=picture(1), headers={TRACEPARENT: unsampled.header()}
            ) as answer:
                assert answer.status == 200
            on.cloud.mode = "500"
            sampled = {TRACEPARENT: new_trace(1.0).header()}
            async with on.client.post(
                f"{on.url}/v1/frames?wait=now&strategy=cloud-raw", data=picture(2), headers=sampled
            ) as answer:
                assert answer.status != 200
        frames = [span for _, span in received.spans if span.name == "frame net"]
    assert len(frames) == 1
    assert "500" in frames[0].status.message


async def test_without_a_collector_nothing_is_said_to_the_cloud(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        headers = {TRACEPARENT: new_trace(1.0).header()}
        async with on.client.post(f"{on.url}/v1/frames", data=picture(1), headers=headers) as answer:
            assert answer.status == 200
        await asyncio.sleep(0)
        assert set(on.cloud.traceparents) <= {None}


def test_requests_of_one_frame_are_one_span() -> None:
    """The clouds were told one number: two spans of it would be one too many."""
    seen: list[Span] = []
    traces, job = FrameTraces(seen.extend, ratio=1.0), Job("twice", "gate", "net", "planned")

    def play() -> None:
        traces.begin(job)
        for name in (HEAD.name, REQUEST, REQUEST):
            job.times.mark(name, time.perf_counter())
        traces.count(failure(job, "both clouds are away"), None)

    contextvars.copy_context().run(play)
    assert [span.name for span in seen] == ["frame net", "head", "request"]
    assert len({span.context.span_id for span in seen}) == 3
    marks = job.times.marks
    assert seen[2].ended_s - seen[2].started_s == pytest.approx(
        marks[2].ended_s - marks[1].started_s, abs=1e-6
    )
    assert (seen[0].error, seen[2].attributes["evosplit.requests"]) == ("both clouds are away", 2)
