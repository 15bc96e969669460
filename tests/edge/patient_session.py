"""A client session whose time-outs are told, not measured, so that a busy machine cannot cause one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

import aiohttp

_FOREVER = aiohttp.ClientTimeout(total=None)


class Hangs(Protocol):
    """A cloud that may keep requests without an answer."""

    mode: str
    has_one: asyncio.Event
    """Set once a request hangs there."""
    go_on: asyncio.Event
    """Clear it to let requests wait; while it is set, they time out."""


class PatientSession:
    """Passes requests on to ``session``. Each waits as long as it takes, unless the cloud hangs: then it ends
    as after a time-out, once the cloud has a request and ``go_on`` is set."""

    def __init__(self, session: aiohttp.ClientSession, cloud: Hangs) -> None:
        self._session = session
        self._cloud = cloud

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    @contextlib.asynccontextmanager
    async def post(self, url: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        options["timeout"] = _FOREVER
        if self._cloud.mode == "hang":
            await self._hang(url, options)
        async with self._session.post(url, **options) as response:
            yield response

    async def _hang(self, url: str, options: dict[str, Any]) -> None:
        request = asyncio.ensure_future(self._session.post(url, **options))
        try:
            await self._cloud.has_one.wait()
            await self._cloud.go_on.wait()
        finally:
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
        raise asyncio.TimeoutError
