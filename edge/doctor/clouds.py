"""Checks of a cloud: reached and trusted, the token's scopes, the model, the version, the link."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from evosplit.edge.doctor.finding import Finding, ok, problem, warning
from evosplit.shared.security.tls import failure_reason
from evosplit.shared.token import bearer
from evosplit.shared.units import format_bandwidth, format_duration

_TIMEOUT_S: Final = 10.0
_ROUNDS: Final = 5
_PROBE_BYTES: Final = 200_000
_SCOPES: Final = (("infer", "POST", "/v1/probe"), ("plan", "GET", "/v1/signing-key"))
"""Asking these changes nothing."""


@dataclass(frozen=True)
class CloudChecks:
    """Of one cloud, over a ``session`` that has its authority. Without a ``token`` little can be seen."""

    session: aiohttp.ClientSession
    url: str
    model: str
    token: str | None
    version: str

    async def findings(self) -> AsyncIterator[Finding]:
        """Until what is left cannot be seen."""
        try:
            status, _, _ = await self._asked("GET", "/v2/health/ready")
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as broken:
            is_late = isinstance(broken, asyncio.TimeoutError)
            reason = "does not answer in time" if is_late else failure_reason(broken)
            yield problem(self.url, reason, "is it started, its port open, --cloud-ca its authority?")
            return
        if status != 200:
            yield problem(
                self.url, f"is not ready (status {status})", "wait until it says ready; see its log"
            )
            return
        yield ok(self.url, "answers")
        if self.token is None:
            advice = "give the cloud's: --token-file, --cloud-token-file or EVOSPLIT_TOKEN"
            yield problem("token", "there is none yet", advice)
            return
        async for finding in self._with_token():
            yield finding

    async def _with_token(self) -> AsyncIterator[Finding]:
        for scope, method, path in _SCOPES:
            status, _, _ = await self._asked(method, path)
            if status in (401, 403):
                seen = (
                    "is not known there, expired or revoked" if status == 401 else f"lacks the scope {scope}"
                )
                yield problem("token", seen, "make one where the cloud is: evosplit tokens add --help")
                return
        yield ok("token", "may infer and plan")
        status, body, _ = await self._asked("GET", f"/v1/models/{quote(self.model, safe='')}")
        if status == 404:
            yield problem("model", f"the cloud has no {self.model!r}", "name one that it serves: --model")
        elif status == 200:
            yield ok("model", f"{self.model}, sha256 {str(_object(body).get('sha256'))[:12]}")
        _, body, _ = await self._asked("GET", "/v2")
        theirs = str(_object(body).get("version", "unknown"))
        seen = f"cloud {theirs}, edge {self.version}"
        is_same = theirs == self.version
        yield ok("version", seen) if is_same else warning("version", seen, "bring both to the newer one")
        yield await self._link()

    async def _link(self) -> Finding:
        small = [(await self._asked("POST", "/v1/probe", b""))[2] for _ in range(_ROUNDS)]
        large = [(await self._asked("POST", "/v1/probe", bytes(_PROBE_BYTES)))[2] for _ in range(_ROUNDS)]
        rtt_s, more_s = min(small), max(min(large) - min(small), 1e-6)
        uplink = format_bandwidth(8 * _PROBE_BYTES / more_s)
        return ok("link", f"{format_duration(rtt_s)} round trip, {uplink} uplink")

    async def _asked(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, float]:
        """Status, body and seconds."""
        headers = {} if self.token is None else bearer(self.token)
        started_s = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with self.session.request(
            method, self.url + path, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            content = await answer.content.read(1 << 20)
            return answer.status, content, time.perf_counter() - started_s


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
