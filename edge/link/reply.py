"""Reads HTTP answers; the connection to what is not the cloud is closed, not kept for the next request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import aiohttp

from edge.link.peer import Reply, may_be_ours, stranger
from shared.errors import EvoSplitError
from shared.oip import HEADER_LENGTH


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
    """Close the connection when one of the errors is raised."""
    try:
        yield
    except errors:
        response.close()
        raise
