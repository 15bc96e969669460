"""Readers of results as edges send them: filters, the place to go on from, and how many there may be.

The store is asked again and again, since other replicas add to it, too. Reading ends after `STREAM_S`, so
that a replica that has to stop need not be waited for; the reader goes on behind its last event.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import HTTPConnection

from evosplit.cloud.fleet.fleet_results import FleetResults
from evosplit.cloud.services import in_pool, services_of
from evosplit.cloud.storage.result_records import EdgeResult
from evosplit.shared.errors import RateLimitError, UsageError
from evosplit.shared.result_query import ResultFilter, parse_filter
from evosplit.shared.result_query.cursor import cursor_of, event_place
from evosplit.shared.serial import to_data

MOST_READERS: Final = 16
"""Readers at once at one replica; more are refused with status 429."""
STREAM_S: Final = 25.0
LOOK_S: Final = 1.0
"""How often the store is asked."""
_PAGE: Final = 64
_AFTER: Final = "after"


@dataclass(frozen=True)
class Reading:
    """What a reader wants, and the place behind which it begins."""

    wanted: ResultFilter
    place: int


async def asked_reading(connection: HTTPConnection) -> Reading:
    """From now on, or behind ``Last-Event-ID`` or ``after``. Raises UsageError."""
    query = connection.query_params
    wanted = parse_filter({key: value for key, value in query.items() if key != _AFTER})
    if {"limit", "order", "cursor"} & query.keys():
        raise UsageError("a stream of events has no pages: limit, order and cursor are for /v1/results")
    after = connection.headers.get("Last-Event-ID") or query.get(_AFTER)
    newest = await in_pool(connection, services_of(connection).results.newest)
    return Reading(wanted, newest if after is None else event_place(after))


def check_readers(results: FleetResults) -> None:
    """Raises RateLimitError where there are as many as there may be."""
    if len(results.readers) >= MOST_READERS:
        raise RateLimitError(f"{MOST_READERS} event streams are open; try later", "-", 5.0)


@contextlib.contextmanager
def counted(results: FleetResults) -> Iterator[None]:
    """One reader more while the block lasts."""
    me = object()
    results.readers.add(me)
    try:
        yield
    finally:
        results.readers.discard(me)


async def results_behind(connection: HTTPConnection, reading: Reading) -> AsyncGenerator[EdgeResult, None]:
    """The results that fit, as they come in, for `STREAM_S`."""
    results, end_s, place = services_of(connection).results, time.monotonic() + STREAM_S, reading.place
    while time.monotonic() < end_s:
        page, place = await in_pool(connection, functools.partial(_behind, results, reading.wanted, place))
        for kept in page:
            yield kept
        if not page:
            await asyncio.sleep(LOOK_S)


def event_data(kept: EdgeResult) -> dict[str, Any]:
    """A result and the edge that sent it."""
    return {"edge": kept.edge, **to_data(kept.result)}


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
