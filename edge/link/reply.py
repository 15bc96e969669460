"""Reading of HTTP answers; the connection to what is not the cloud is closed, not reused."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp.connector import Connection

from evosplit.edge.link.peer import Reply, may_be_ours, stranger
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.oip import HEADER_LENGTH


class CloudResponse(aiohttp.ClientResponse):
    """Knows its connection even when all of the answer came at once, and the pool has it back already."""

    _transport: asyncio.Transport | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Read the head; aiohttp calls it."""
        self._transport = connection.transport
        return await super().start(connection)

    def hang_up(self) -> None:
        """Close the connection at once; the pool does not hand out what is closed."""
        self.close()
        if self._transport is not None:
            self._transport.abort()


def cloud_session(tls: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    """A keep-alive session whose connections can be closed one by one."""
    connector = None if tls is None else aiohttp.TCPConnector(ssl=tls)
    return aiohttp.ClientSession(connector=connector, response_class=CloudResponse)


async def read_reply(response: aiohttp.ClientResponse) -> Reply:
    """The whole answer: a success still to be judged, or a refusal of the cloud's own.

    Raises NotOurCloudError, on the type before anything of the body is read, and what aiohttp raises.
    """
    with closed_on(response, EvoSplitError):
        if not may_be_ours(response.content_type):
            raise stranger(response.status, response.content_type)
        length = response.headers.get(HEADER_LENGTH)
        reply = Reply(response.status, response.content_type, await response.read(), length)
        if reply.status != 200 and reply.error is None:
            raise stranger(reply.status, reply.content_type)
        return reply


@contextlib.contextmanager
def closed_on(response: aiohttp.ClientResponse, *errors: type[EvoSplitError]) -> Iterator[None]:
    """Close the connection when one of the errors is raised; the session is to be a `cloud_session`."""
    try:
        yield
    except errors:
        if isinstance(response, CloudResponse):
            response.hang_up()
        raise
