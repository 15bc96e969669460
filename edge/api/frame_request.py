"""Request for a frame: the picture in its body, and what header and query say about it.

The picture is the body itself, or the one file of a form (multipart/form-data, RFC 7578).
"""

from __future__ import annotations

import asyncio
import math
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar, cast, get_args

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.pipeline.job import Wait
from evosplit.edge.pipeline.strategies import (
    BY_CODEC,
    BY_CUT,
    BY_DIGEST,
    STRATEGIES,
    named_codec,
    names_plan,
)
from evosplit.shared.content_coding import CodingError, decompress
from evosplit.shared.errors import InputError, SlowBodyError, UsageError
from evosplit.shared.pictures import known_kinds
from evosplit.shared.time_limit import BODY_TIMEOUT_S, time_limit
from evosplit.shared.tracing.trace_context import TRACEPARENT, parse_traceparent

T = TypeVar("T")
_FRAME_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_NO_PAGE: Final = (".", "..")
"""Steps of a path, which clients resolve: no result or picture could be asked for by them."""
_STREAM: Final = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_FIELDS: Final = ("frame_id", "stream", "strategy", "wait", "deadline_s")
_FORM: Final = "multipart/form-data"
_MALFORMED: Final = (HttpProcessingError, ValueError, RuntimeError, AssertionError, UnicodeError)
"""What aiohttp's reader raises for a form that is cut short or breaks the rules."""


def ticket(query: Mapping[str, str], headers: Mapping[str, str]) -> Ticket:
    """Frame id, stream, strategy, and whether it may wait: the first two from a header or the query.

    Raises UsageError (HTTP 400) for what is none.
    """
    for name in query:
        if name not in _FIELDS:
            raise UsageError(f"no parameter {name!r} of a frame; there are {', '.join(_FIELDS)}")
    named = headers.get("X-Evosplit-Frame-Id") or query.get("frame_id")
    stream = headers.get("X-Evosplit-Stream") or query.get("stream") or "default"
    strategy = query.get("strategy", "planned")
    if named is not None and (named in _NO_PAGE or not _FRAME_ID.fullmatch(named)):
        raise UsageError("a frame id is 1 to 128 of the characters A-Z a-z 0-9 . _ : -, and not . or ..")
    if stream in _NO_PAGE or not _STREAM.fullmatch(stream):
        raise UsageError("a stream's name is 1 to 128 characters without control characters, and not . or ..")
    if strategy not in STRATEGIES and not names_plan(strategy) and named_codec(strategy) is None:
        names = ", ".join((*STRATEGIES, f"{BY_DIGEST}DIGITS", f"{BY_CUT}KEY", f"{BY_CODEC}CODEC"))
        raise UsageError(f"no strategy {strategy!r}; there are {names}")
    wait, deadline_s = _wait(query.get("wait", "auto")), _deadline_s(query.get("deadline_s"))
    trace = parse_traceparent(headers.get(TRACEPARENT))
    return Ticket(named or uuid.uuid4().hex, stream, strategy, named is not None, wait, deadline_s, trace)


def _wait(text: str) -> Wait:
    for known in get_args(Wait):
        if text == known:
            return cast(Wait, known)
    raise UsageError(f"wait is one of {', '.join(get_args(Wait))}, not {text!r}")


def _deadline_s(text: str | None) -> float | None:
    """Seconds from a frame's arrival in which an answer is of use. Raises UsageError."""
    if text is None:
        return None
    try:
        deadline_s = float(text)
    except ValueError:
        deadline_s = math.nan
    if not 0 < deadline_s < math.inf:
        raise UsageError(f"deadline_s is a number of seconds above 0, not {text!r}")
    return deadline_s


async def read_body(request: web.Request, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """The whole body, without its content coding. The server is to leave that to us (``auto_decompress``).

    Not by `aiohttp.web.Request.read`: a request keeps what it has read, and an idle connection its request.

    Raises SlowBodyError, TooLargeError, CodingError, InputError, HTTPRequestEntityTooLarge.
    """
    limit_bytes = request.client_max_size
    body = await _in_time(_read(request.content.readany, limit_bytes, limit_bytes), timeout_s)
    return decompress(body, request.headers.get("Content-Encoding"), limit_bytes)


async def picture_body(request: web.Request) -> bytes:
    """The bytes of the picture, streamed, under the application's limit for bodies.

    Raises InputError for no picture, several, or a form that is malformed; HTTPRequestEntityTooLarge.
    """
    if request.content_type != _FORM:
        content = await read_body(request)
    elif "Content-Encoding" in request.headers:
        raise CodingError("a form is sent without a content encoding")
    else:
        try:
            content = await _in_time(_only_file(request))
        except _MALFORMED as malformed:
            raise InputError(f"not a whole form: {_line(malformed)}") from None
    if not content:
        raise InputError(f"the body is empty; send a picture ({known_kinds()})")
    return content


async def _only_file(request: web.Request) -> bytes:
    """Fields without a file name are read and dropped, and count for the limit."""
    files: list[bytes] = []
    left_bytes = request.client_max_size
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise InputError("a form within a form is not read")
        content = await _read(part.read_chunk, left_bytes, request.client_max_size)
        left_bytes -= len(content)
        if part.filename is not None:
            files.append(content)
    if len(files) != 1:
        raise InputError(f"the form has {len(files)} files; send one picture, as curl -F image=@FILE does")
    return files[0]


async def _read(read: Callable[[], Awaitable[bytes]], left_bytes: int, limit_bytes: int) -> bytes:
    content = bytearray()
    while chunk := await read():
        content += chunk
        if len(content) > left_bytes:
            raise web.HTTPRequestEntityTooLarge(limit_bytes, len(content))
    return bytes(content)


def _line(malformed: Exception) -> str:
    return " ".join(str(malformed).split())[:200] or type(malformed).__name__


async def _in_time(reading: Awaitable[T], timeout_s: float = BODY_TIMEOUT_S) -> T:
    try:
        async with time_limit(timeout_s):
            return await reading
    except asyncio.TimeoutError:
        raise SlowBodyError(f"the body did not arrive within {timeout_s:g} s") from None
