"""What an agent asks of the cloud's plan service, once in its life."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from edge.link.peer import Reply, is_binary, is_health, stranger
from edge.link.reply import closed_on, read_reply
from shared.errors import (
    AuthError,
    CloudRefusedError,
    CloudUnavailableError,
    NotFoundError,
    NotOurCloudError,
)
from shared.token import bearer

_READ_S: Final = 60.0
_PLAN_S: Final = 1200.0
_CHUNK_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class PlannerClient:
    """Every method raises CloudUnavailableError, AuthError, NotFoundError or CloudRefusedError."""

    session: aiohttp.ClientSession
    url: str
    model: str
    token: str

    async def describe(self) -> Mapping[str, Any]:
        """``name``, ``sha256`` and ``card`` of the model."""
        return await self._object("sha256", "GET", f"/v1/models/{self.model}")

    async def skeleton(self) -> bytes:
        """The ONNX model without its weights."""
        path = f"/v1/models/{self.model}/skeleton"
        return (await self._fetch(is_binary, "GET", path, timeout_s=_PLAN_S)).body

    async def rtt_s(self) -> float:
        """The least of a few round trips."""
        return min([await self._round_trip_s() for _ in range(5)])

    async def plan(self, request: Mapping[str, Any]) -> str:
        """Have plans made; the digest of the bundle that holds them. Takes as long as planning does."""
        body = json.dumps(request).encode()
        answer = await self._object("bundle", "POST", f"/v1/models/{self.model}/plans", body, _PLAN_S)
        return str(answer.get("bundle"))

    async def fetch_bundle(self, digest: str, path: Path) -> None:
        """Write the bundle to ``path``; it is not verified here."""
        reply = await self._fetch(is_binary, "GET", f"/v1/bundles/{digest}", timeout_s=_PLAN_S)
        await asyncio.to_thread(path.write_bytes, reply.body)

    async def _round_trip_s(self) -> float:
        started_s = time.perf_counter()
        await self._fetch(is_health, "GET", "/v2/health/live")
        return time.perf_counter() - started_s

    async def _fetch(
        self,
        is_ours: Callable[[Reply], bool],
        method: str,
        path: str,
        body: bytes | None = None,
        timeout_s: float = _READ_S,
    ) -> Reply:
        try:
            async with self.session.request(
                method,
                f"{self.url.rstrip('/')}{path}",
                data=body,
                headers=bearer(self.token) | ({"Content-Type": "application/json"} if body else {}),
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=5.0),
                allow_redirects=False,
            ) as response:
                reply = await read_reply(response)
                with closed_on(response, NotOurCloudError):
                    if reply.status == 200 and not is_ours(reply):
                        raise stranger(reply.status, reply.content_type)
        except asyncio.TimeoutError:
            raise CloudUnavailableError(f"the cloud at {self.url} did not answer in time") from None
        except (aiohttp.ClientError, OSError) as broken:
            raise CloudUnavailableError(f"the cloud at {self.url} is away: {broken}") from None
        if reply.status != 200:
            raise _refusal(reply)
        return reply

    async def _object(
        self, key: str, method: str, path: str, body: bytes | None = None, timeout_s: float = _READ_S
    ) -> Mapping[str, Any]:
        """The JSON object of an answer, which has the key."""

        def has_key(reply: Reply) -> bool:
            return key in (reply.object() or {})

        return (await self._fetch(has_key, method, path, body, timeout_s)).object() or {}


def _refusal(reply: Reply) -> CloudRefusedError | AuthError | NotFoundError:
    line = f"the cloud answered {reply.status}: {reply.error}"
    if reply.status == 401:
        return AuthError(line)
    return NotFoundError(line) if reply.status == 404 else CloudRefusedError(line, reply.status)
