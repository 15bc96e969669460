"""Request body reading under a limit of size, unpacked as well, and of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from aiohttp import web

from evosplit.shared.content_coding import decompress
from evosplit.shared.errors import SlowBodyError

BODY_TIMEOUT_S: Final = 120.0
T = TypeVar("T")


async def read_body(request: web.Request, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """The whole body, without its content coding. The server is to leave that to us (``auto_decompress``).

    Raises SlowBodyError, TooLargeError, CodingError, InputError, HTTPRequestEntityTooLarge.
    """
    body = await in_time(request.read(), timeout_s)
    return decompress(body, request.headers.get("Content-Encoding"), request.client_max_size)


async def in_time(reading: Awaitable[T], timeout_s: float = BODY_TIMEOUT_S) -> T:
    """What is read, if it is there in time. Raises SlowBodyError."""
    try:
        return await asyncio.wait_for(reading, timeout_s)
    except asyncio.TimeoutError:
        raise SlowBodyError(f"the body did not arrive within {timeout_s:g} s") from None
