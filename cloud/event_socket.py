"""WebSocket (RFC 6455) of results of the fleet as they come in: one text message of JSON for each event."""

from __future__ import annotations

import contextlib
from typing import Final

from starlette.status import WS_1001_GOING_AWAY, WS_1011_INTERNAL_ERROR
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from evosplit.cloud.event_reading import (
    Reading,
    asked_reading,
    check_readers,
    counted,
    event_data,
    results_behind,
)
from evosplit.cloud.services import services_of
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.first_ended import until_first_ends
from evosplit.shared.security.socket_token import EVENTS_PROTOCOL
from evosplit.shared.serial import json_text

_GO_ON: Final = "go on with after=SEQUENCE of the last event"


async def get_event_socket(socket: WebSocket) -> None:
    """The events of ``GET /v1/events``; ``sequence`` of the last one is ``after`` of the next connection.

    Raises UsageError, RateLimitError before the upgrade.
    """
    reading, results = await asked_reading(socket), services_of(socket).results
    check_readers(results)
    is_offered = EVENTS_PROTOCOL in socket.scope["subprotocols"]
    await socket.accept(EVENTS_PROTOCOL if is_offered else None)
    with counted(results):
        await until_first_ends(_send(socket, reading), _until_closed(socket))


async def _send(socket: WebSocket, reading: Reading) -> None:
    """Until the end of the stream, or of the reader."""
    code, reason = WS_1001_GOING_AWAY, _GO_ON
    with contextlib.suppress(WebSocketDisconnect):
        try:
            async for kept in results_behind(socket, reading):
                await socket.send_text(json_text({"sequence": kept.sequence, **event_data(kept)}))
        except EvoSplitError as problem:
            code, reason = WS_1011_INTERNAL_ERROR, str(problem)[:100]
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(code, reason)


async def _until_closed(socket: WebSocket) -> None:
    """What a reader says is not read."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
