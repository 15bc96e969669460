"""Bounded reading of HTTP answers; the connection to what is not the cloud is closed, not reused."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import Connection

from evosplit.edge.link.peer import Reply, may_be_ours, stranger
from evosplit.shared.content_coding import TooLargeError, decompress
from evosplit.shared.errors import EvoSplitError, InputError, OversizedAnswerError
from evosplit.shared.oip import HEADER_LENGTH, SERVER_TIMING, queue_wait_s


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


def cloud_session(
    tls: ssl.SSLContext | None = None, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """A keep-alive session whose connections can be closed one by one.

    Each new connection resolves the name anew: the cloud's address may have changed. Bodies stay as they
    came, so that what a coding unpacks to is bounded as well.
    """
    connector = aiohttp.TCPConnector(ssl=True if tls is None else tls, resolver=resolver, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, response_class=CloudResponse, auto_decompress=False)


async def read_reply(response: aiohttp.ClientResponse, most_bytes: int) -> Reply:
    """The whole answer: a success still to be judged, or a refusal of the cloud's own.

    Raises NotOurCloudError, on the type before anything of the body is read, of which OversizedAnswerError is
    one: no more than ``most_bytes`` are ever held. Also what aiohttp raises.
    """
    with closed_on(response, EvoSplitError):
        if not may_be_ours(response.content_type):
            raise stranger(response.status, response.content_type)
        length, wait_s = (
            response.headers.get(HEADER_LENGTH),
            queue_wait_s(response.headers.get(SERVER_TIMING)),
        )
        body = await _body(response, most_bytes)
        reply = Reply(response.status, response.content_type, body, length, wait_s)
        if reply.status != 200 and reply.error is None:
            raise stranger(reply.status, reply.content_type)
        return reply


async def _body(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    content = bytearray()
    if (response.content_length or 0) > most_bytes:
        raise OversizedAnswerError(most_bytes)
    while piece := await response.content.readany():
        content += piece
        if len(content) > most_bytes:
            raise OversizedAnswerError(most_bytes)
    try:
        return decompress(bytes(content), response.headers.get("Content-Encoding"), most_bytes)
    except TooLargeError:
        raise OversizedAnswerError(most_bytes) from None
    except InputError:
        raise stranger(response.status, response.content_type) from None


@contextlib.contextmanager
def closed_on(response: aiohttp.ClientResponse, *errors: type[EvoSplitError]) -> Iterator[None]:
    """Close the connection when one of the errors is raised; the session is to be a `cloud_session`."""
    try:
        yield
    except errors:
        if isinstance(response, CloudResponse):
            response.hang_up()
        raise
