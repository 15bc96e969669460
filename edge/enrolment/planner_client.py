"""HTTP client of the cloud's plan service."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from evosplit.edge.link.peer import Reply, is_binary, is_health, stranger
from evosplit.edge.link.reply import closed_on, read_reply
from evosplit.shared.errors import (
    AuthError,
    BundleError,
    CloudRefusedError,
    CloudUnavailableError,
    NotFoundError,
    NotOurCloudError,
)
from evosplit.shared.fleet.heartbeat import HeartbeatAnswer
from evosplit.shared.oip import CLIENT_HEADER, HEADER_LENGTH
from evosplit.shared.security.bundle_release import SignedRelease, question_digest
from evosplit.shared.security.tls import failure_reason
from evosplit.shared.serial import from_data
from evosplit.shared.token import bearer

_READ_S: Final = 60.0
_PLAN_S: Final = 1200.0
_PUT_S: Final = 115.0
_OBJECT_BYTES: Final = 64 << 20
"""The longest answer in JSON: a table of plans."""
_FILE_BYTES: Final = 1 << 30
"""The longest file: a model, or a bundle of its weights at several widths."""
_JSON: Final = MappingProxyType({"Content-Type": "application/json"})


@dataclass(frozen=True)
class Planned:
    """The digest of a bundle, its release (none of older clouds), and the digest of what was asked."""

    bundle: str
    release: SignedRelease | None
    asked: str


@dataclass(frozen=True)
class PlannerClient:
    """Every method raises CloudUnavailableError, AuthError, NotFoundError or CloudRefusedError.

    ``client`` is the name of the agent, or its identity.
    """

    session: aiohttp.ClientSession
    url: str
    model: str
    token: str
    client: str = ""

    async def describe(self) -> Mapping[str, Any]:
        """``name``, ``sha256`` and ``card`` of the model."""
        return await self._object("sha256", "GET", f"/v1/models/{self.model}")

    async def skeleton(self) -> bytes:
        """The ONNX model without its weights."""
        return await self._file(f"/v1/models/{self.model}/skeleton")

    async def rtt_s(self) -> float:
        """The least of a few round trips."""
        return min([await self._round_trip_s() for _ in range(5)])

    async def plan(self, request: Mapping[str, Any]) -> Planned:
        """Have plans made, which takes as long as planning does. Raises BundleError, too."""
        body = json.dumps(request).encode()
        answer = await self._object("bundle", "POST", f"/v1/models/{self.model}/plans", body, _PLAN_S)
        said = answer.get("release")
        release = None if said is None else from_data(SignedRelease, said, BundleError)
        return Planned(str(answer.get("bundle")), release, question_digest(body))

    async def heartbeat(self, content: bytes) -> HeartbeatAnswer:
        """Say how the agent is; older clouds do not want to know (NotFoundError)."""
        answer = await self._object("interval_s", "POST", f"/v1/models/{self.model}/heartbeat", content)
        return from_data(HeartbeatAnswer, answer, NotOurCloudError)

    async def signing_key(self) -> bytes:
        """The public key of the cloud's releases, PEM; none of older clouds (NotFoundError)."""
        return str((await self._object("key", "GET", "/v1/signing-key"))["key"]).encode()

    async def put_input(
        self, calibration: str, index: int, pieces: AsyncIterator[bytes], size_bytes: int, header_length: int
    ) -> None:
        """Send one calibration input, the body of an inference request, piece by piece."""
        path = f"/v1/models/{self.model}/calibrations/{calibration}/{index}"
        headers = {
            HEADER_LENGTH: str(header_length),
            "Content-Length": str(size_bytes),
            "Content-Type": "application/octet-stream",
        }
        await self._fetch(_has("input"), "PUT", path, pieces, _PUT_S, headers)

    async def weights(self, path: Path) -> None:
        """Write the whole ONNX file to ``path``; it is not verified here."""
        content = await self._file(f"/v1/models/{self.model}/weights")
        await asyncio.to_thread(path.write_bytes, content)

    async def fetch_bundle(self, digest: str, path: Path) -> None:
        """Write the bundle to ``path``; it is not verified here."""
        content = await self._file(f"/v1/bundles/{digest}")
        await asyncio.to_thread(path.write_bytes, content)

    async def _round_trip_s(self) -> float:
        started_s = time.perf_counter()
        await self._fetch(is_health, "GET", "/v2/health/live")
        return time.perf_counter() - started_s

    async def _fetch(
        self,
        is_ours: Callable[[Reply], bool],
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None = None,
        timeout_s: float = _READ_S,
        headers: Mapping[str, str] = _JSON,
        most_bytes: int = _OBJECT_BYTES,
    ) -> Reply:
        try:
            async with self.session.request(
                method,
                f"{self.url.rstrip('/')}{path}",
                data=body,
                headers=self._headers() | (dict(headers) if body else {}),
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=5.0),
                allow_redirects=False,
            ) as response:
                reply = await read_reply(response, most_bytes)
                with closed_on(response, NotOurCloudError):
                    if reply.status == 200 and not is_ours(reply):
                        raise stranger(reply.status, reply.content_type)
        except asyncio.TimeoutError:
            raise CloudUnavailableError(f"the cloud at {self.url} did not answer in time") from None
        except (aiohttp.ClientError, OSError) as broken:
            raise CloudUnavailableError(
                f"the cloud at {self.url} is away: {failure_reason(broken)}"
            ) from None
        if reply.status != 200:
            raise _refusal(reply, self.url)
        return reply

    async def _file(self, path: str) -> bytes:
        return (await self._fetch(is_binary, "GET", path, timeout_s=_PLAN_S, most_bytes=_FILE_BYTES)).body

    def _headers(self) -> dict[str, str]:
        return bearer(self.token) | ({CLIENT_HEADER: self.client} if self.client else {})

    async def _object(
        self, key: str, method: str, path: str, body: bytes | None = None, timeout_s: float = _READ_S
    ) -> Mapping[str, Any]:
        """The JSON object of an answer, which has the key."""
        return (await self._fetch(_has(key), method, path, body, timeout_s)).object() or {}


def _has(key: str) -> Callable[[Reply], bool]:
    """Whether an answer is a JSON object with the key."""
    return lambda reply: key in (reply.object() or {})


def _refusal(reply: Reply, url: str) -> CloudRefusedError | AuthError | NotFoundError:
    line = f"the cloud answered {reply.status}: {reply.error}"
    if reply.status == 401:
        return AuthError(line)
    if reply.status != 404:
        return CloudRefusedError(line, reply.status)
    has_path = urlsplit(url).path.strip("/")
    hint = f" (unless a proxy is at {url}, the address has no path)" if has_path else ""
    return NotFoundError(line + hint)
