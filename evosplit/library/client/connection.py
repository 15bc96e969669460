"""Client connection: a transport with its session, opened when it is first needed."""

from __future__ import annotations

from dataclasses import replace

import aiohttp

from evosplit.library.client.retries import Retries
from evosplit.library.client.transport import Call, Reply, Transport


class Connection:
    """Sends calls; the session belongs to the event loop that runs at the first."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._once = replace(transport, retries=Retries(0))
        self._session: aiohttp.ClientSession | None = None

    async def call(self, call: Call, is_repeated: bool = True) -> Reply:
        """The answer. Raises as `Transport.send`."""
        if self._session is None:
            self._session = self._transport.session()
        transport = self._transport if is_repeated else self._once
        return await transport.send(self._session, call)

    async def close(self) -> None:
        """End all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
