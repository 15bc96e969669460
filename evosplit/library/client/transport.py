"""HTTP requests that are repeated where that cannot do a thing twice; aiohttp's sessions beneath."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from evosplit.library.client.retries import Retries
from evosplit.library.client.service_errors import ServiceError, ServiceUnavailableError, refusal_error
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.security.tls import ClientFiles, failure_reason
from evosplit.shared.token import bearer

_CONNECT_S: Final = 5.0
_ANSWERED: Final = (200, 202)
"""An answer, and a frame that waits for its own."""
_NO_PLACE: Final = (429, 503)
"""Statuses of a tier that asks to come again."""


@dataclass(frozen=True)
class Call:
    """One request. ``is_repeatable``: doing it twice is doing it once. ``timeout_s`` None: the client's."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = True
    timeout_s: float | None = None


@dataclass(frozen=True)
class Reply:
    """An answer of status 200 or 202."""

    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object of the body. Raises ServiceError for another body."""
        parsed = _object(self.body)
        if parsed is None:
            raise ServiceError("the answer is no JSON object: something else listens there", 200)
        return parsed


@dataclass(frozen=True)
class _Failure:
    """``is_final``: asking again changes nothing, or would do a thing twice. ``asked_s``: Retry-After."""

    error: EvoSplitError
    is_final: bool
    asked_s: float | None = None


@dataclass(frozen=True)
class Transport:
    """Requests to one tier."""

    url: str
    token: str | None = field(repr=False)
    timeout_s: float
    retries: Retries
    tls: ClientFiles = field(default_factory=ClientFiles)

    def session(self) -> aiohttp.ClientSession:
        """A new session; whoever asked for it closes it. Raises UsageError."""
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"not the address of a tier: {self.url!r} (write it like http://gate:9000)")
        secure = aiohttp.TCPConnector(ssl=self.tls.context()) if self.url.startswith("https://") else None
        return aiohttp.ClientSession(connector=secure, headers=bearer(self.token) if self.token else {})

    async def send(self, session: aiohttp.ClientSession, call: Call) -> Reply:
        """The answer, after as many attempts as it takes.

        Raises ServiceUnavailableError, ServiceError, InputError, AuthError, NotFoundError.
        """
        failure = None
        for attempt in range(self.retries.count + 1):
            if failure is not None:
                await self.retries.sleep(self.retries.wait_s(attempt - 1, failure.asked_s))
            outcome = await self._attempt(session, call)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.is_final:
                raise outcome.error
            failure = outcome
        raise ServiceUnavailableError(str(failure.error if failure else self.url))

    async def _attempt(self, session: aiohttp.ClientSession, call: Call) -> Reply | _Failure:
        """What did not arrive may always be sent again, what got no answer if it is repeatable."""
        try:
            return await self._once(session, call)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as broken:
            reason = "timed out" if isinstance(broken, asyncio.TimeoutError) else failure_reason(broken)
            error = ServiceUnavailableError(f"no answer from {self.url}: {reason}")
            has_arrived = not isinstance(broken, aiohttp.ClientConnectorError)
            is_stranger = isinstance(broken, aiohttp.ClientConnectorCertificateError)
            return _Failure(error, is_stranger or (has_arrived and not call.is_repeatable))

    async def _once(self, session: aiohttp.ClientSession, call: Call) -> Reply | _Failure:
        timeout_s = self.timeout_s if call.timeout_s is None else call.timeout_s
        async with session.request(
            call.method,
            self.url.rstrip("/") + call.path,
            params=call.params,
            headers=call.headers,
            data=call.body,
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_S),
            allow_redirects=False,
        ) as response:
            body = await response.read()
        if response.status in _ANSWERED:
            return Reply(response.headers, body)
        data = _object(body) or {}
        # A failure with a frame's id is recorded: it stays the answer, however often it is asked for.
        had_no_place = response.status in _NO_PLACE and "frame_id" not in data
        error = refusal_error(self.url, response.status, data)
        return _Failure(error, not had_no_place, _seconds(response.headers))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _seconds(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None
