"""Results of the fleet as server-sent events: as they come in, filtered, resumed, and how many may read."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cloud_support import TOKEN, Client, app_client, model_folder
from test_dashboard_fleet import served
from test_result_routes import TEXT, event

from evosplit.cloud import event_reading
from evosplit.shared.token import bearer


@contextlib.asynccontextmanager
async def reader(client: Client) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    async with served(client) as url, aiohttp.ClientSession(headers=bearer(TOKEN)) as session:
        yield session, f"{url}/v1/events"


async def add(client: Client, *bodies: bytes) -> None:
    """As edges do, but in this event loop."""
    for body in bodies:
        answer = await asyncio.to_thread(client.post, "/v1/results", body)
        assert answer.status == 200


async def events(response: aiohttp.ClientResponse, count: int) -> list[dict[str, Any]]:
    """The next events, each with its id."""
    read: list[dict[str, Any]] = []
    number = 0
    while len(read) < count:
        line = (await asyncio.wait_for(response.content.readline(), 60)).decode().strip()
        if line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            read.append({"id": number, **json.loads(line.removeprefix("data: "))})
    return read


async def test_results_come_as_they_are_kept_and_are_gone_on_from(tmp_path: Path) -> None:
    with app_client(model_folder(tmp_path)) as client:
        await add(client, event(1))
        async with reader(client) as (session, url):
            async with session.get(url) as response:
                assert response.content_type == "text/event-stream"
                assert (await response.content.readline()).startswith(b"retry:")
                await add(client, event(2), event(3, TEXT, "south"))
                seen = await events(response, 2)
            assert [(each["edge"], each["frame_id"]) for each in seen] == [("north", "f2"), ("south", "f3")]
            await add(client, event(4))
            async with session.get(url, headers={"Last-Event-ID": str(seen[0]["id"])}) as response:
                assert [each["frame_id"] for each in await events(response, 2)] == ["f3", "f4"]
            async with session.get(url, params={"after": "0", "label": "truck", "edge": "north"}) as response:
                assert [each["frame_id"] for each in await events(response, 3)] == ["f1", "f2", "f4"]


async def test_a_stream_ends_in_time_and_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reading, "STREAM_S", 0.1)
    monkeypatch.setattr(event_reading, "LOOK_S", 0.01)
    with app_client(model_folder(tmp_path)) as client:
        async with reader(client) as (session, url), session.get(url) as response:
            assert b"retry" in await asyncio.wait_for(response.read(), 60)
        assert client.services.results.readers == set()


async def test_too_many_readers_and_what_is_no_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reading, "MOST_READERS", 1)
    with app_client(model_folder(tmp_path)) as client:
        async with reader(client) as (session, url):
            for wrong in ({"after": "x"}, {"limit": "3"}, {"colour": "red"}):
                async with session.get(url, params=wrong) as response:
                    assert response.status == 400
            async with session.get(url) as response:
                await response.content.readline()
                async with session.get(url) as refused:
                    assert refused.status == 429
