"""HTTP requests to the cloud, and the meaning of each of their failures."""

from __future__ import annotations

import asyncio
import functools
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import aiohttp

from evosplit.edge.link.answer_size import HEAD_BYTES, UNKNOWN_BYTES
from evosplit.edge.link.cloud_answer import CloudAnswer, Probed
from evosplit.edge.link.peer import Reply, is_inference, is_probe, stranger
from evosplit.edge.link.reply import closed_on, read_reply
from evosplit.shared.answer_rows import ROWS_OVER
from evosplit.shared.errors import (
    CloudRefusedError,
    CloudUnavailableError,
    InputError,
    NotOurCloudError,
    StaleModelError,
    UnknownBaseError,
)
from evosplit.shared.oip import (
    BINARY_TYPE,
    CLIENT_HEADER,
    HEADER_LENGTH,
    STALE_MODEL,
    InferRequest,
    blob_tensor,
    build_request,
    parse_response,
    time_left_header,
)
from evosplit.shared.security.tls import failure_reason
from evosplit.shared.token import bearer
from evosplit.shared.tracing.trace_context import trace_header

T = TypeVar("T")
_Read: TypeAlias = Callable[[Reply, int], T]
"""What a 200 and the bytes sent for it mean. Raises NotOurCloudError, CloudRefusedError."""

CONNECT_S: Final = 3.0
_LEAST_S: Final = 0.01
_WHOLE_BYTES: Final = 1 << 20
"""Longer bodies are written in pieces, between which the event loop does other things."""
HTTP_BYTES: Final = 330
"""What the head of a request takes on the wire, about, where it cannot be counted."""

_TIMES: Final = ("queue_s", "decode_s", "tail_s")
"""Response parameters: where the cloud's time went."""

_CUT_SHORT: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)


@dataclass(frozen=True)
class _Post(Generic[T]):
    """One request: ``read`` makes of its answer, of at most ``most_bytes``, what is wanted."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    read: _Read[T]
    most_bytes: int


class Uplink:
    """One keep-alive session to one cloud, for one model, whose answers take at most ``answer_bytes``.

    ``client`` is the device's own name for itself.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        model: str,
        token: str,
        client: str = "",
        answer_bytes: int = UNKNOWN_BYTES,
    ) -> None:
        self._session = session
        self.url = url.rstrip("/")
        self._answer_bytes = answer_bytes
        self._model = model
        self._headers = bearer(token) | ({CLIENT_HEADER: client} if client else {})

    async def infer(
        self, input_name: str, content: bytes, timeout_s: float, rows_over: float | None = None
    ) -> CloudAnswer:
        """Have an encoded frame or a picture answered; rows that score no more may be left out of the answer.

        A connection that breaks is tried once more within the same time: an inference changes nothing.
        Raises CloudUnavailableError, of which NotOurCloudError is one, and CloudRefusedError, of which
        UnknownBaseError is one.
        """
        asked = {} if rows_over is None else {ROWS_OVER: rows_over}
        request = InferRequest((blob_tensor(input_name, content),), parameters=asked, binary_default=True)
        body, length = build_request(request)
        headers = {HEADER_LENGTH: str(length), "Content-Type": BINARY_TYPE}
        started_s = time.perf_counter()
        path, read = f"/v2/models/{self._model}/infer", functools.partial(_read_answer, started_s)
        return await self._post(_Post(path, body, headers, read, self._answer_bytes), timeout_s)

    async def probe(self, size_bytes: int, timeout_s: float) -> Probed:
        """Send so many bytes that the cloud reads and discards. Raises as `infer`."""
        return await self._post(_Post("/v1/probe", bytes(size_bytes), {}, _read_probe, HEAD_BYTES), timeout_s)

    async def _post(self, post: _Post[T], timeout_s: float) -> T:
        deadline_s = time.perf_counter() + timeout_s
        try:
            try:
                return await self._post_once(post, timeout_s)
            except _CUT_SHORT:
                left_s = max(deadline_s - time.perf_counter(), _LEAST_S)
                return await self._post_once(post, left_s)
        except asyncio.TimeoutError:
            raise CloudUnavailableError(f"the cloud did not answer within {timeout_s:.3g} s") from None
        except (aiohttp.ClientError, OSError) as broken:
            raise CloudUnavailableError(f"the cloud is away: {failure_reason(broken)}") from None

    async def _post_once(self, post: _Post[T], timeout_s: float) -> T:
        # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation.
        async with self._session.post(
            f"{self.url}{post.path}",
            data=post.body if len(post.body) <= _WHOLE_BYTES else io.BytesIO(post.body),
            headers={
                **self._headers,
                **post.headers,
                **time_left_header(timeout_s),
                **trace_header(),
                "Content-Length": str(len(post.body)),
            },
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S, ceil_threshold=60),
            allow_redirects=False,
        ) as response:
            sent_bytes = len(post.body) + _head_bytes(response.request_info)
            reply = await read_reply(response, post.most_bytes)
            if reply.status == 200:
                with closed_on(response, NotOurCloudError, CloudRefusedError):
                    return post.read(reply, sent_bytes)
        raise _refusal(reply)


def _head_bytes(request: aiohttp.RequestInfo) -> int:
    """Bytes of a request before its body: the request line, and each header with its four separators."""
    line = len(f"{request.method} {request.url.raw_path_qs} HTTP/1.1") + 4
    headers = request.headers
    return line + sum(map(len, headers.keys())) + sum(map(len, headers.values())) + 4 * len(headers)


def _read_probe(reply: Reply, sent_bytes: int) -> Probed:
    if not is_probe(reply):
        raise stranger(reply.status, reply.content_type)
    return Probed(sent_bytes, reply.wait_s)


def _read_answer(started_s: float, reply: Reply, sent_bytes: int) -> CloudAnswer:
    elapsed_s = time.perf_counter() - started_s
    if not is_inference(reply):
        raise stranger(reply.status, reply.content_type)
    try:
        length = None if reply.header_length is None else int(reply.header_length)
        response = parse_response(reply.body, length)
        queue_s, decode_s, tail_s = (float(response.parameters.get(name, 0.0)) for name in _TIMES)
        is_stale = response.parameters.get(STALE_MODEL, False) is True
    except (InputError, ValueError) as garbage:
        raise CloudRefusedError(f"the cloud's answer cannot be read: {garbage}", reply.status) from None
    times_s, wait_s = (elapsed_s, queue_s, decode_s, tail_s), reply.wait_s
    return CloudAnswer(response.native(), sent_bytes, *times_s, wait_s=wait_s, is_stale=is_stale)


def _refusal(reply: Reply) -> CloudRefusedError:
    reason = " ".join((reply.error or "").split())[:200] or "no reason given"
    if reply.status == UnknownBaseError.http_status:
        return UnknownBaseError(reason)
    if reply.status == StaleModelError.http_status:
        return StaleModelError(reason)
    return CloudRefusedError(f"the cloud answered {reply.status}: {reason}", reply.status)
