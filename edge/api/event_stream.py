"""Server-sent events (text/event-stream): results as they are finished, resumed by ``Last-Event-ID``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.pages import AGENT
from evosplit.edge.results.result_log import LoggedResult, ResultLog
from evosplit.edge.sinks.event import event_of
from evosplit.edge.sinks.rule import Rule
from evosplit.shared.errors import RateLimitError, UsageError

MOST_READERS: Final = 32
"""Event streams that are open at once; more are refused with status 429."""
_KEYS: Final = ("stream", "rule", "after")
_PAGE: Final = 64
_ALIVE_S: Final = 15.0
"""A comment is sent after so long a silence: proxies close connections that say nothing."""


@dataclass(frozen=True)
class _Readers:
    tasks: set[asyncio.Task[object]]


_READERS: Final = web.AppKey("event-readers", _Readers)


def add_event_stream(app: web.Application) -> None:
    """``GET /v1/events``; its readers are sent away when the agent stops, which would wait for them."""
    app[_READERS] = _Readers(set())
    app.router.add_get("/v1/events", get_events)
    app.on_shutdown.append(_send_away)


def scopes() -> HandlerScopes:
    """Results are for reading."""
    return {get_events: "read"}


async def get_events(request: web.Request) -> web.StreamResponse:
    """Events of results from now on, or behind ``Last-Event-ID``, until the reader goes away."""
    agent, wanted = request.app[AGENT].agent, _wanted(request)
    log = ResultLog(agent.store)
    with _counted(request.app[_READERS].tasks):
        place = await asyncio.to_thread(log.newest) if wanted.after is None else wanted.after
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            await response.write(b": results as they are finished\n\n")
            async for logged in _behind(log, place):
                if logged is None:
                    await response.write(b": alive\n\n")
                elif wanted.holds(logged):
                    body = event_of(agent.node, logged).to_json()
                    await response.write(b"id: %d\ndata: %s\n\n" % (logged.sequence, body))
    return response


@dataclass(frozen=True)
class _Wanted:
    stream: str | None
    rule: Rule | None
    after: int | None

    def holds(self, logged: LoggedResult) -> bool:
        result = logged.result
        is_stream = self.stream in (None, result.stream)
        return is_stream and (self.rule is None or self.rule.holds(result))


def _wanted(request: web.Request) -> _Wanted:
    query = request.query
    if unknown := set(query) - set(_KEYS):
        raise UsageError(f"no filter {min(unknown)!r}; there are {', '.join(_KEYS)}")
    after = request.headers.get("Last-Event-ID") or query.get("after")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise UsageError(f"not the id of an event: {after[:40]!r}")
    rule = query.get("rule")
    return _Wanted(
        query.get("stream"), None if rule is None else Rule(rule), None if after is None else int(after)
    )


async def _behind(log: ResultLog, place: int) -> AsyncIterator[LoggedResult | None]:
    """Results behind a place, for ever; None after a silence."""
    while True:
        commits = log.commits.count
        page = await asyncio.to_thread(log.after, place, _PAGE)
        for logged in page:
            yield logged
        if page:
            place = page[-1].sequence
            continue
        await log.commits.after(commits, _ALIVE_S)
        if log.commits.count == commits:
            yield None


@contextlib.contextmanager
def _counted(readers: set[asyncio.Task[object]]) -> Iterator[None]:
    """Raises RateLimitError where there are too many."""
    task = asyncio.current_task()
    if len(readers) >= MOST_READERS or task is None:
        raise RateLimitError(f"{MOST_READERS} event streams are open; try later", "-", 5.0)
    readers.add(task)
    try:
        yield
    finally:
        readers.discard(task)


async def _send_away(app: web.Application) -> None:
    for task in tuple(app[_READERS].tasks):
        task.cancel()
