"""``GET /v1/events``: results arrive as they are finished, and a reader resumes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from edge_support import Stage, picture, stage

from evosplit.edge.api.event_reading import MOST_READERS


@contextlib.asynccontextmanager
async def _events(
    on: Stage, headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[tuple[aiohttp.ClientResponse, AsyncIterator[tuple[int, dict[str, Any]]]]]:
    async with on.client.get(f"{on.url}/v1/events", params=query, headers=headers) as response:
        if response.status == 200:
            await response.content.readuntil(b"\n\n")
        yield response, _parsed(response)


async def _parsed(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """By the rules of the HTML standard, "Server-sent events", as far as they are used."""
    while True:
        block = (await response.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            yield int(fields["id"]), json.loads(fields["data"])


async def test_results_arrive_and_a_reader_resumes(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        async with _events(on) as (response, events):
            assert response.headers["Content-Type"] == "text/event-stream"
            for number in range(3):
                await on.post(picture(number), frame_id=f"frame{number}", stream="camera")
            got = [await anext(events) for _ in range(3)]
        assert [event["result"]["frame_id"] for _, event in got] == ["frame0", "frame1", "frame2"]
        assert (await on.get("/v1/results/frame1"))[1] == got[1][1]["result"]
        async with _events(on, {"Last-Event-ID": str(got[0][0])}) as (_, again):
            assert [(await anext(again))[0] for _ in range(2)] == [got[1][0], got[2][0]]


async def test_a_stream_or_a_rule_chooses(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        async with _events(on, stream="b", rule="not failed") as (_, events):
            for number, stream in enumerate("abab"):
                await on.post(picture(number), frame_id=f"frame{number}", stream=stream)
            got = [(await anext(events))[1]["result"]["frame_id"] for _ in range(2)]
        assert got == ["frame1", "frame3"]


async def test_wrong_filters_are_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        assert (await on.get("/v1/events", rule="label =="))[0] == 400
        assert (await on.get("/v1/events", after="x"))[0] == 400
        assert (await on.get("/v1/events", colour="red"))[0] == 400


async def test_readers_are_bounded_and_leave_no_trace(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        async with contextlib.AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(_events(on)) for _ in range(MOST_READERS)]
            assert {response.status for response, _ in opened} == {200}
            assert (await on.get("/v1/events"))[0] == 429
        await on.post(picture(1), frame_id="frame1")  # the closed ones are noticed as they are written to
        while (await _status(on)) != 200:
            await asyncio.sleep(0.02)


async def _status(on: Stage) -> int:
    async with _events(on) as (response, _):
        return response.status
