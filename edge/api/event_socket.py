"""WebSocket (RFC 6455) of results as they are finished: one text message of JSON for each event."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import WSCloseCode, web

from evosplit.edge.api.event_reading import ALIVE_S, READERS, Wanted, behind, counted, wanted_by
from evosplit.edge.api.pages import AGENT
from evosplit.edge.results.result_log import LoggedResult, ResultLog
from evosplit.edge.sinks.event import event_of
from evosplit.shared.first_ended import until_first_ends
from evosplit.shared.security.socket_token import EVENTS_PROTOCOL

_LONGEST: Final = 4096
"""Bytes of a message from the reader, who has nothing to say."""


async def get_event_socket(request: web.Request) -> web.StreamResponse:
    """The events of ``GET /v1/events``; ``sequence`` of the last one is ``after`` of the next connection."""
    wanted = wanted_by(request)
    with counted(request.app[READERS].tasks):
        log = ResultLog(request.app[AGENT].agent.store)
        # Before the client knows that it is connected: what it sends from then on is not missed.
        place = await asyncio.to_thread(log.newest) if wanted.after is None else wanted.after
        socket = web.WebSocketResponse(protocols=(EVENTS_PROTOCOL,), heartbeat=ALIVE_S, max_msg_size=_LONGEST)
        await socket.prepare(request)
        try:
            await until_first_ends(_send(request, socket, wanted, behind(log, place)), _until_closed(socket))
        finally:
            await socket.close(code=WSCloseCode.GOING_AWAY)
    return socket


async def _send(
    request: web.Request,
    socket: web.WebSocketResponse,
    wanted: Wanted,
    results: AsyncIterator[LoggedResult | None],
) -> None:
    node = request.app[AGENT].agent.node
    with contextlib.suppress(ConnectionResetError):
        async for logged in results:
            if logged is not None and wanted.holds(logged):
                await socket.send_str(event_of(node, logged).to_json().decode())


async def _until_closed(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass
