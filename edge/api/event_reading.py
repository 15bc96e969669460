"""Readers of results as they are finished: filters, the place to go on from, and how many there may be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from evosplit.edge.results.result_log import LoggedResult, ResultLog
from evosplit.edge.sinks.rule import Rule
from evosplit.shared.errors import RateLimitError, UsageError
from evosplit.shared.result_query.cursor import event_place

MOST_READERS: Final = 32
"""Event streams that are open at once; more are refused with status 429."""
ALIVE_S: Final = 15.0
"""Something is sent after so long a silence: proxies close connections that say nothing."""
_KEYS: Final = ("stream", "rule", "after")
_PAGE: Final = 64


@dataclass(frozen=True)
class Readers:
    """The tasks of all that read."""

    tasks: set[asyncio.Task[object]]


READERS: Final = web.AppKey("event-readers", Readers)


@dataclass(frozen=True)
class Wanted:
    """Filters of one reader; ``after`` is the place to go on from, None the newest."""

    stream: str | None
    rule: Rule | None
    after: int | None

    def holds(self, logged: LoggedResult) -> bool:
        """Whether the reader wants this result."""
        result = logged.result
        is_stream = self.stream in (None, result.stream)
        return is_stream and (self.rule is None or self.rule.holds(result))


def wanted_by(request: web.Request) -> Wanted:
    """What a request asks for. Raises UsageError."""
    query = request.query
    if unknown := set(query) - set(_KEYS):
        raise UsageError(f"no filter {min(unknown)!r}; there are {', '.join(_KEYS)}")
    after = request.headers.get("Last-Event-ID") or query.get("after")
    rule = query.get("rule")
    return Wanted(
        query.get("stream"),
        None if rule is None else Rule(rule),
        None if after is None else event_place(after),
    )


async def behind(log: ResultLog, place: int) -> AsyncIterator[LoggedResult | None]:
    """Results behind a place, for ever; None after a silence."""
    while True:
        commits = log.commits.count
        page = await asyncio.to_thread(log.after, place, _PAGE)
        for logged in page:
            yield logged
        if page:
            place = page[-1].sequence
            continue
        await log.commits.after(commits, ALIVE_S)
        if log.commits.count == commits:
            yield None


@contextlib.contextmanager
def counted(readers: set[asyncio.Task[object]]) -> Iterator[None]:
    """Raises RateLimitError where there are too many."""
    task = asyncio.current_task()
    if len(readers) >= MOST_READERS or task is None:
        raise RateLimitError(f"{MOST_READERS} event streams are open; try later", "-", 5.0)
    readers.add(task)
    try:
        yield
    finally:
        readers.discard(task)


async def send_away(app: web.Application) -> None:
    """End all readers: the end of the agent would wait for them."""
    for task in tuple(app[READERS].tasks):
        task.cancel()
