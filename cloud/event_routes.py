"""Server-sent events (text/event-stream): results of the fleet as they come in, resumed by ``Last-Event-ID``.

Browsers' ``EventSource`` goes on by itself when a stream ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evosplit.cloud.event_reading import (
    Reading,
    asked_reading,
    check_readers,
    counted,
    event_data,
    results_behind,
)
from evosplit.cloud.services import services_of
from evosplit.shared.serial import json_text

_RETRY_MS: Final = 200


async def get_events(request: Request) -> Response:
    """Results from now on, or behind ``Last-Event-ID``, that fit the filters of `get_results`.

    Raises UsageError, RateLimitError.
    """
    reading = await asked_reading(request)
    check_readers(services_of(request).results)
    stream = _events(request, reading)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(request: Request, reading: Reading) -> AsyncIterator[bytes]:
    with counted(services_of(request).results):
        yield b"retry: %d\n: results as they come in\n\n" % _RETRY_MS
        async for kept in results_behind(request, reading):
            yield f"id: {kept.sequence}\ndata: {json_text(event_data(kept))}\n\n".encode()
