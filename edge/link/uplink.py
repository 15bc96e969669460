"""Requests to the cloud, and what each of its ways to fail means."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from numpy.typing import NDArray

from shared.errors import CloudRefusedError, CloudUnavailableError, InputError, UnknownBaseError
from shared.oip import HEADER_LENGTH, InferRequest, blob_tensor, build_request, parse_response
from shared.token import bearer

CONNECT_S: Final = 3.0
_LEAST_S: Final = 0.01
HTTP_BYTES: Final = 330
"""What the head of a request takes on the wire, about, where it cannot be counted."""

_CUT_SHORT: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)


@dataclass(frozen=True)
class CloudAnswer:
    """The tail's outputs. ``elapsed_s`` is the whole request; the other times are the cloud's own.

    ``link_share`` is the mean share of the link that the request had.
    """

    outputs: Mapping[str, NDArray[Any]]
    sent_bytes: int
    elapsed_s: float
    queue_s: float
    decode_s: float
    tail_s: float
    link_share: float = 1.0

    @property
    def uplink_s(self) -> float:
        """The request less the cloud's own steps: both ways, and the protocol at both ends."""
        return max(self.elapsed_s - self.queue_s - self.decode_s - self.tail_s, 0.0)


class Uplink:
    """One keep-alive session to one cloud, for one model."""

    def __init__(self, session: aiohttp.ClientSession, url: str, model: str, token: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._model = model
        self._headers = bearer(token)

    async def infer(self, input_name: str, content: bytes, timeout_s: float) -> CloudAnswer:
        """Have an encoded frame or a picture answered.

        A connection that breaks is tried once more within the same time: an inference changes nothing.
        Raises CloudUnavailableError, CloudRefusedError, of which UnknownBaseError is one.
        """
        request = InferRequest((blob_tensor(input_name, content),), binary_default=True)
        body, length = build_request(request)
        headers = {HEADER_LENGTH: str(length), "Content-Type": "application/octet-stream"}
        started_s = time.perf_counter()
        reply = await self._post(f"/v2/models/{self._model}/infer", body, headers, timeout_s)
        return _read_answer(reply, time.perf_counter() - started_s)

    async def probe(self, size_bytes: int, timeout_s: float) -> int:
        """Send so many bytes that the cloud reads and discards; the bytes sent in all. Raises as `infer`."""
        return (await self._post("/v1/probe", bytes(size_bytes), {}, timeout_s)).sent_bytes

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> _Reply:
        deadline_s = time.perf_counter() + timeout_s
        try:
            try:
                return await self._post_once(path, body, headers, timeout_s)
            except _CUT_SHORT:
                left_s = max(deadline_s - time.perf_counter(), _LEAST_S)
                return await self._post_once(path, body, headers, left_s)
        except asyncio.TimeoutError:
            raise CloudUnavailableError(f"the cloud did not answer within {timeout_s:.3g} s") from None
        except (aiohttp.ClientError, OSError) as broken:
            raise CloudUnavailableError(f"the cloud is away: {_reason(broken)}") from None

    async def _post_once(
        self, path: str, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> _Reply:
        # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation.
        async with self._session.post(
            f"{self._url}{path}",
            data=io.BytesIO(body),
            headers={**self._headers, **headers, "Content-Length": str(len(body))},
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S, ceil_threshold=60),
            allow_redirects=False,
        ) as response:
            sent_bytes = len(body) + _head_bytes(response.request_info)
            length = response.headers.get(HEADER_LENGTH)
            reply = _Reply(response.status, length, await response.read(), sent_bytes)
        if reply.status == UnknownBaseError.http_status:
            raise UnknownBaseError(_excerpt(reply.body))
        if reply.status != 200:
            raise CloudRefusedError(
                f"the cloud answered {reply.status}: {_excerpt(reply.body)}", reply.status
            )
        return reply


@dataclass(frozen=True)
class _Reply:
    status: int
    header_length: str | None
    body: bytes
    sent_bytes: int


def _head_bytes(request: aiohttp.RequestInfo) -> int:
    """Bytes of a request before its body: the request line, and each header with its four separators."""
    line = len(f"{request.method} {request.url.raw_path_qs} HTTP/1.1") + 4
    return line + sum(len(name) + len(value) + 4 for name, value in request.headers.items())


def _read_answer(reply: _Reply, elapsed_s: float) -> CloudAnswer:
    try:
        length = None if reply.header_length is None else int(reply.header_length)
        response = parse_response(reply.body, length)
        times_s = [float(response.parameters.get(name, 0.0)) for name in ("queue_s", "decode_s", "tail_s")]
    except (InputError, ValueError) as garbage:
        raise CloudRefusedError(f"the cloud's answer cannot be read: {garbage}", reply.status) from None
    return CloudAnswer(response.native(), reply.sent_bytes, elapsed_s, *times_s)


def _reason(broken: Exception) -> str:
    return " ".join(str(broken).split()) or type(broken).__name__


def _excerpt(body: bytes) -> str:
    return " ".join(body[:200].decode("utf-8", "replace").split()) or "no reason given"
