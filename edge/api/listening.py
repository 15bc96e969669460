"""Listening side of an agent: plain or TLS, with limits on slow clients, and certificates that may change."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from evosplit.edge.certificate_watch import following
from evosplit.shared.security.file_watch import LOOK_S
from evosplit.shared.security.tls import ServerFiles

KEEP_ALIVE_S: Final = 75.0
"""The head of a request must be there so long after the connection, or after the last answer."""


@contextlib.asynccontextmanager
async def listening(
    runner: web.AppRunner, listener: socket.socket, files: ServerFiles | None, every_s: float = LOOK_S
) -> AsyncIterator[None]:
    """Serve on a bound socket; certificates are taken up ``every_s``. Raises UsageError."""
    if files is None:
        await web.SockSite(runner, listener).start()
        yield
        return
    site = _SecureSite(runner, listener, files)
    await site.renew()
    async with following(files.paths, site.renew, every_s):
        yield


class _SecureSite:
    """One listening socket; two contexts listen on it for a moment when the certificate changes."""

    def __init__(self, runner: web.AppRunner, listener: socket.socket, files: ServerFiles) -> None:
        self._runner = runner
        self._listener = listener
        self._files = files
        self._site: web.SockSite | None = None

    async def renew(self) -> None:
        """Listen with the files as they are now; connections that are open stay. Raises UsageError."""
        context = await asyncio.to_thread(self._files.context)
        site = web.SockSite(self._runner, self._listener.dup(), ssl_context=context)
        await site.start()
        old, self._site = self._site, site
        if old is not None:
            await old.stop()
