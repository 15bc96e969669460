"""Listening side of an agent: plain or TLS, bounds on connections, and certificates that may change."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web

from evosplit.edge.api.request_handler import FIELD_BYTES, LINE_BYTES, JsonRequestHandler
from evosplit.edge.certificate_watch import following
from evosplit.shared.security.file_watch import LOOK_S
from evosplit.shared.security.tls import ServerFiles

HEAD_TIMEOUT_S: Final = 75.0
"""The head of a request must be there so long after the connection, or after the last answer."""
MOST_CONNECTIONS: Final = 256
"""A process may open 1024 files, and it needs some of them for its own."""
_OPTIONS: Final[dict[str, Any]] = {
    "access_log": None,
    "auto_decompress": False,
    "max_line_size": LINE_BYTES,
    "max_field_size": FIELD_BYTES,
}


@contextlib.asynccontextmanager
async def listening(
    runner: web.AppRunner,
    listener: socket.socket,
    files: ServerFiles | None,
    every_s: float = LOOK_S,
    most_connections: int = MOST_CONNECTIONS,
    head_timeout_s: float = HEAD_TIMEOUT_S,
) -> AsyncIterator[None]:
    """Serve on a bound socket; certificates are taken up ``every_s``. Raises UsageError.

    The runner is set up; at the end nothing new is accepted, and its clean-up finishes what is under way.
    """
    listeners = _Listeners(runner, listener, files, most_connections, head_timeout_s)
    await listeners.renew()
    try:
        async with following(() if files is None else files.paths, listeners.renew, every_s):
            yield
    finally:
        listeners.close()


class _Listeners:
    """One listening socket; two contexts listen on it for a moment when the certificate changes."""

    def __init__(
        self,
        runner: web.AppRunner,
        listener: socket.socket,
        files: ServerFiles | None,
        most: int,
        head_timeout_s: float,
    ) -> None:
        self._runner = runner
        self._listener = listener
        self._files = files
        self._most = most
        self._head_timeout_s = head_timeout_s
        self._server: asyncio.Server | None = None

    async def renew(self) -> None:
        """Listen with the files as they are now; connections that are open stay. Raises UsageError."""
        context = None if self._files is None else await asyncio.to_thread(self._files.context)
        server = await self._listen(context)
        self.close()
        self._server = server

    def close(self) -> None:
        """Accept nothing more; connections that are open stay."""
        if self._server is not None:
            self._server.close()

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(self._protocol, sock=self._listener.dup(), ssl=context, backlog=128)

    def _protocol(self) -> asyncio.BaseProtocol:
        """The handler of a new connection, or the end of one beyond the bound."""
        server = self._runner.server
        if server is None or len(server.connections) >= self._most:
            return _Refusal()
        return JsonRequestHandler(
            server, loop=asyncio.get_running_loop(), keepalive_timeout=self._head_timeout_s, **_OPTIONS
        )


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Closed before a byte is read."""
        transport.close()
