"""Request body reading under a limit of size and of time."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from evosplit.shared.content_coding import TooLargeError, decompress
from evosplit.shared.time_limit import time_limit


async def read_body(request: Request, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body, decompressed. Raises TooLargeError, CodingError, InputError, or HTTPException 408."""
    claimed = request.headers.get("content-length", "0")
    if claimed.isdigit() and int(claimed) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with time_limit(timeout_s):
            body = await _receive(request, max_bytes)
    except asyncio.TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {timeout_s:g} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the client left before its body was here") from None
    return decompress(body, request.headers.get("content-encoding"), max_bytes)


async def _receive(request: Request, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body is larger than the limit of {max_bytes} bytes")
