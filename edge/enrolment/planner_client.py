"""What an agent asks of the cloud's plan service."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import aiohttp

from shared.errors import AuthError, CloudRefusedError, CloudUnavailableError, NotFoundError
from shared.oip import HEADER_LENGTH
from shared.token import bearer

_READ_S: Final = 60.0
_PLAN_S: Final = 1200.0
_PUT_S: Final = 115.0
_JSON: Final = MappingProxyType({"Content-Type": "application/json"})


@dataclass(frozen=True)
class PlannerClient:
    """Every method raises CloudUnavailableError, AuthError, NotFoundError or CloudRefusedError."""

    session: aiohttp.ClientSession
    url: str
    model: str
    token: str

    async def describe(self) -> Mapping[str, Any]:
        """``name``, ``sha256`` and ``card`` of the model."""
        return self._object(await self._fetch("GET", f"/v1/models/{self.model}"))

    async def skeleton(self) -> bytes:
        """The ONNX model without its weights."""
        return await self._fetch("GET", f"/v1/models/{self.model}/skeleton", timeout_s=_PLAN_S)

    async def rtt_s(self) -> float:
        """The least of a few round trips."""
        return min([await self._round_trip_s() for _ in range(5)])

    async def plan(self, request: Mapping[str, Any]) -> str:
        """Have plans made; the digest of the bundle that holds them. Takes as long as planning does."""
        body = json.dumps(request).encode()
        answer = self._object(await self._fetch("POST", f"/v1/models/{self.model}/plans", body, _PLAN_S))
        return str(answer.get("bundle"))

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
        await self._fetch("PUT", path, pieces, _PUT_S, headers)

    async def weights(self, path: Path) -> None:
        """Write the whole ONNX file to ``path``; it is not verified here."""
        content = await self._fetch("GET", f"/v1/models/{self.model}/weights", timeout_s=_PLAN_S)
        await asyncio.to_thread(path.write_bytes, content)

    async def fetch_bundle(self, digest: str, path: Path) -> None:
        """Write the bundle to ``path``; it is not verified here."""
        content = await self._fetch("GET", f"/v1/bundles/{digest}", timeout_s=_PLAN_S)
        await asyncio.to_thread(path.write_bytes, content)

    async def _round_trip_s(self) -> float:
        started_s = time.perf_counter()
        await self._fetch("GET", "/v2/health/live")
        return time.perf_counter() - started_s

    async def _fetch(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None = None,
        timeout_s: float = _READ_S,
        headers: Mapping[str, str] = _JSON,
    ) -> bytes:
        try:
            async with self.session.request(
                method,
                f"{self.url.rstrip('/')}{path}",
                data=body,
                headers=bearer(self.token) | (dict(headers) if body else {}),
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=5.0),
            ) as response:
                content = await response.read()
        except asyncio.TimeoutError:
            raise CloudUnavailableError(f"the cloud at {self.url} did not answer in time") from None
        except (aiohttp.ClientError, OSError) as broken:
            raise CloudUnavailableError(f"the cloud at {self.url} is away: {broken}") from None
        if response.status != 200:
            raise _refusal(response.status, content)
        return content

    def _object(self, content: bytes) -> Mapping[str, Any]:
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CloudRefusedError(f"{self.url} does not answer like an EvoSplit cloud", 200)
        return answer


def _refusal(status: int, content: bytes) -> CloudRefusedError | AuthError | NotFoundError:
    try:
        reason = str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        reason = "no reason given"
    line = f"the cloud answered {status}: {reason}"
    if status == 401:
        return AuthError(line)
    return NotFoundError(line) if status == 404 else CloudRefusedError(line, status)
