"""Server-sent events (text/event-stream): results as they are finished, resumed by ``Last-Event-ID``."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.event_reading import READERS, Readers, behind, counted, send_away, wanted_by
from evosplit.edge.api.event_socket import get_event_socket
from evosplit.edge.api.pages import AGENT
from evosplit.edge.results.result_log import ResultLog
from evosplit.edge.sinks.event import event_of


def add_event_stream(app: web.Application) -> None:
    """``GET /v1/events``, and as a WebSocket; readers are sent away when the agent stops."""
    app[READERS] = Readers(set())
    app.router.add_get("/v1/events", get_events)
    app.router.add_get("/v1/events/ws", get_event_socket)
    app.on_shutdown.append(send_away)


def scopes() -> HandlerScopes:
    """Results are for reading."""
    return {get_events: "read", get_event_socket: "read"}


async def get_events(request: web.Request) -> web.StreamResponse:
    """Events of results from now on, or behind ``Last-Event-ID``, until the reader goes away."""
    agent, wanted = request.app[AGENT].agent, wanted_by(request)
    log = ResultLog(agent.store)
    with counted(request.app[READERS].tasks):
        place = await asyncio.to_thread(log.newest) if wanted.after is None else wanted.after
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            await response.write(b": results as they are finished\n\n")
            async for logged in behind(log, place):
                if logged is None:
                    await response.write(b": alive\n\n")
                elif wanted.holds(logged):
                    body = event_of(agent.node, logged).to_json()
                    await response.write(b"id: %d\ndata: %s\n\n" % (logged.sequence, body))
    return response
