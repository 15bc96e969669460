"""``GET /v1/events/ws`` read by another library (websockets): filters, resuming, tokens, and the end."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, picture, stage
from fake_cloud import TOKEN
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from evosplit.shared.security.socket_token import BEARER, EVENTS_PROTOCOL, offered_token
from evosplit.shared.token import bearer


def _url(on: Stage, query: str = "") -> str:
    return f"{on.url.replace('http', 'ws', 1)}/v1/events/ws{query}"


def _subprotocol(token: str) -> str:
    return BEARER + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


async def _frame_ids(socket: ClientConnection, count: int) -> list[str]:
    events: list[dict[str, Any]] = [json.loads(await socket.recv()) for _ in range(count)]
    return [event["result"]["frame_id"] for event in events]


async def test_results_arrive_filtered_and_a_reader_resumes(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        async with connect(_url(on, "?stream=b"), additional_headers=bearer(TOKEN)) as socket:
            await on.post(picture(0), frame_id="first", stream="a")
            for number, stream in enumerate("abab"):
                await on.post(picture(number), frame_id=f"frame{number}", stream=stream)
            assert await _frame_ids(socket, 2) == ["frame1", "frame3"]
        async with connect(_url(on, "?after=0"), additional_headers=bearer(TOKEN)) as socket:
            ids = await _frame_ids(socket, 5)
            assert ids == ["first", "frame0", "frame1", "frame2", "frame3"]


async def test_a_browser_shows_its_token_as_a_subprotocol(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        await on.post(picture(0), frame_id="frame")
        offered: Any = [EVENTS_PROTOCOL, _subprotocol(TOKEN)]
        async with connect(_url(on, "?after=0"), subprotocols=offered) as socket:
            assert socket.subprotocol == EVENTS_PROTOCOL
            assert await _frame_ids(socket, 1) == ["frame"]


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_without_a_token_nobody_reads(tmp_path: Path, token: str) -> None:
    async with stage(tmp_path, hooks=False) as on:
        offered: Any = [EVENTS_PROTOCOL, *([_subprotocol(token)] if token else [])]
        with pytest.raises(InvalidStatus, match="401"):
            async with connect(_url(on), subprotocols=offered):
                raise AssertionError("it was let in")


async def test_wrong_filters_are_refused_and_plain_requests_are_no_websocket(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        with pytest.raises(InvalidStatus, match="400"):
            async with connect(_url(on, "?colour=red"), additional_headers=bearer(TOKEN)):
                raise AssertionError("it was let in")
        assert (await on.get("/v1/events/ws"))[0] == 400


async def test_readers_are_sent_away_at_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        socket = await connect(_url(on), additional_headers=bearer(TOKEN))
        reading = asyncio.create_task(socket.recv())
    with pytest.raises(ConnectionClosed):
        await reading
    await socket.close()


def test_tokens_of_any_characters_fit_into_a_subprotocol() -> None:
    token = "a/b+c=d ü"
    headers = {"Sec-WebSocket-Protocol": f"{EVENTS_PROTOCOL}, {_subprotocol(token)}"}
    assert offered_token(headers) == f"Bearer {token}"
    assert offered_token({"Sec-WebSocket-Protocol": f"{BEARER}*"}) in (None, "Bearer ")
    assert offered_token({}) is None
