"""``GET /v1/events/ws`` of the cloud by another library (websockets), also through the front end; tokens."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cloud_support import TOKEN, Client, app_client, model_folder
from front_support import front
from test_dashboard_fleet import served
from test_event_routes import add
from test_result_routes import TEXT, event
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evosplit.cloud import event_reading
from evosplit.shared.security.audit_log import audit_file
from evosplit.shared.security.socket_token import BEARER, EVENTS_PROTOCOL
from evosplit.shared.token import bearer


@contextlib.asynccontextmanager
async def place(tmp_path: Path) -> AsyncIterator[tuple[Client, str]]:
    """The application without Ray, and the address of its events."""
    with app_client(model_folder(tmp_path / "models")) as client:
        async with served(client) as url:
            yield client, f"{url.replace('http', 'ws', 1)}/v1/events/ws"


def opened(url: str, query: str = "", token: str = TOKEN) -> connect:
    return connect(url + query, additional_headers=bearer(token))


async def messages(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [json.loads(await asyncio.wait_for(socket.recv(), 60)) for _ in range(count)]


async def nobody_reads(client: Client) -> None:
    """The server may hear of the end after the reader."""
    while client.services.results.readers:
        await asyncio.sleep(0.01)


async def refusal(url: str, query: str, **how: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url + query, **how):
            raise AssertionError("it was let in")
    return refused.value.response.status_code


async def test_results_come_as_they_are_kept_and_are_gone_on_from(tmp_path: Path) -> None:
    async with place(tmp_path) as (client, url):
        await add(client, event(1))
        async with opened(url) as socket:
            await add(client, event(2), event(3, TEXT, "south"))
            seen = await messages(socket, 2)
        assert [(each["edge"], each["frame_id"]) for each in seen] == [("north", "f2"), ("south", "f3")]
        async with opened(url, f"?after={seen[0]['sequence']}") as socket:
            assert (await messages(socket, 1))[0] == seen[1]
        async with opened(url, "?after=0&label=truck&edge=north") as socket:
            assert [each["frame_id"] for each in await messages(socket, 2)] == ["f1", "f2"]
        await nobody_reads(client)


async def test_an_upgrade_passes_the_front_end(tmp_path: Path) -> None:
    async with place(tmp_path) as (client, url):
        port = int(url.split(":")[2].partition("/")[0])
        with front(tmp_path / "front", None, replica=port) as proxy:
            through = f"ws://127.0.0.1:{proxy.port}/v1/events/ws"
            async with opened(through) as socket:
                await add(client, event(1))
                assert [each["frame_id"] for each in await messages(socket, 1)] == ["f1"]
            assert await refusal(through, "") == 401


async def test_a_browser_shows_its_token_as_a_subprotocol(tmp_path: Path) -> None:
    coded = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    async with place(tmp_path) as (client, url):
        await add(client, event(1))
        offered: Any = [EVENTS_PROTOCOL, BEARER + coded]
        async with connect(f"{url}?after=0", subprotocols=offered) as socket:
            assert socket.subprotocol == EVENTS_PROTOCOL
            assert (await messages(socket, 1))[0]["frame_id"] == "f1"


async def test_who_may_not_read_is_refused_before_the_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reading, "MOST_READERS", 1)
    async with place(tmp_path) as (client, url):
        assert await refusal(url, "") == 401
        assert await refusal(url, "", additional_headers=bearer("wrong")) == 401
        assert "GET /v1/events/ws" in audit_file(client.services.settings.data).read_text()
        for wrong in ("?after=x", "?limit=3", "?colour=red"):
            assert await refusal(url, wrong, additional_headers=bearer(TOKEN)) == 400
        assert (await asyncio.to_thread(client.get, "/v1/events/ws")).status == 404
        async with opened(url):
            assert await refusal(url, "", additional_headers=bearer(TOKEN)) == 429


async def test_it_ends_in_time_and_with_its_replica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with place(tmp_path) as (client, url):
        with monkeypatch.context() as quick:
            quick.setattr(event_reading, "STREAM_S", 0.1)
            quick.setattr(event_reading, "LOOK_S", 0.01)
            async with opened(url) as socket:
                with pytest.raises(ConnectionClosed, match=r"1001.*after=SEQUENCE"):
                    await asyncio.wait_for(socket.recv(), 60)
        await nobody_reads(client)
        socket = await opened(url)
    with pytest.raises(ConnectionClosed, match="1012"):
        await asyncio.wait_for(socket.recv(), 60)
