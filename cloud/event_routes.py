"""Server-sent events (text/event-stream): results of the fleet as they come in, resumed by ``Last-Event-ID``.

The store is asked again and again, since other replicas add to it, too. A stream ends after `STREAM_S`, so
that a replica that has to stop need not be waited for; browsers' ``EventSource`` goes on by itself.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evosplit.cloud.fleet.fleet_results import FleetResults
from evosplit.cloud.services import in_pool, services_of
from evosplit.cloud.storage.result_records import EdgeResult
from evosplit.shared.errors import RateLimitError, UsageError
from evosplit.shared.result_query import ResultFilter, parse_filter
from evosplit.shared.result_query.cursor import cursor_of, event_place
from evosplit.shared.serial import json_text, to_data

MOST_READERS: Final = 16
"""Streams that are open at once at one replica; more are refused with status 429."""
STREAM_S: Final = 25.0
LOOK_S: Final = 1.0
"""How often the store is asked."""
_PAGE: Final = 64
_AFTER: Final = "after"
_RETRY_MS: Final = 200


async def get_events(request: Request) -> Response:
    """Results from now on, or behind ``Last-Event-ID``, that fit the filters of `get_results`.

    Raises UsageError, RateLimitError.
    """
    wanted, place = _asked(request)
    newest = await in_pool(request, services_of(request).results.newest)
    if len(services_of(request).results.readers) >= MOST_READERS:
        raise RateLimitError(f"{MOST_READERS} event streams are open; try later", "-", 5.0)
    stream = _events(request, wanted, newest if place is None else place)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _asked(request: Request) -> tuple[ResultFilter, int | None]:
    query = request.query_params
    wanted = parse_filter({key: value for key, value in query.items() if key != _AFTER})
    if {"limit", "order", "cursor"} & query.keys():
        raise UsageError("a stream of events has no pages: limit, order and cursor are for /v1/results")
    after = request.headers.get("Last-Event-ID") or query.get(_AFTER)
    return wanted, None if after is None else event_place(after)


async def _events(request: Request, wanted: ResultFilter, place: int) -> AsyncIterator[bytes]:
    results, me, end_s = services_of(request).results, object(), time.monotonic() + STREAM_S
    results.readers.add(me)
    try:
        yield b"retry: %d\n: results as they come in\n\n" % _RETRY_MS
        while time.monotonic() < end_s:
            page, place = await in_pool(request, functools.partial(_behind, results, wanted, place))
            for kept in page:
                yield _event(kept)
            if not page:
                await asyncio.sleep(LOOK_S)
    finally:
        results.readers.discard(me)


def _behind(results: FleetResults, wanted: ResultFilter, place: int) -> tuple[tuple[EdgeResult, ...], int]:
    """The results that fit behind a place, and the place behind which to look next.

    Places grow in the order in which results can be seen: the records have one writer at a time.
    """
    newest = results.newest()
    page = results.page(replace(wanted, order="asc", cursor=cursor_of(place), limit=_PAGE))
    if page.next_cursor is not None:
        return page.results, page.results[-1].sequence
    seen = page.results[-1].sequence if page.results else place
    return page.results, max(seen, newest)


def _event(kept: EdgeResult) -> bytes:
    body = json_text({"edge": kept.edge, **to_data(kept.result)})
    return f"id: {kept.sequence}\ndata: {body}\n\n".encode()
