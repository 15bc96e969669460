"""Webhook sink: events as signed HTTP POSTs, by the Standard Webhooks specification.

``webhook-signature`` is HMAC-SHA256 over ``id.timestamp.body``, so that receivers verify it with any library
of that specification (standardwebhooks.com).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from evosplit.edge.sinks.event import ResultEvent
from evosplit.edge.sinks.sink import SinkConnection, SinkRefusedError, SinkUnavailableError
from evosplit.shared.errors import UsageError

TIMEOUT_S: Final = 15.0
_LATER: Final = frozenset({401, 403, 404, 408, 409, 421, 423, 425, 429})
"""Statuses below 500 that somebody may mend, a token or a path, and those that ask to come again."""
_KEY_PREFIX: Final = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def signing_key(secret: str) -> bytes:
    """The key in ``whsec_BASE64`` of 24 to 64 bytes. Raises UsageError, which does not show it."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("a webhook's secret is base64, like whsec_...") from None
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise UsageError(f"a webhook's secret has {_LEAST_BYTES} to {_MOST_BYTES} bytes, not {len(key)}")
    return key


def signed_headers(key: bytes | None, event_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Headers of one POST; without a key there is no signature."""
    # The specification signs text between dots: an identifier with a dot would be ambiguous.
    safe_id = "msg_" + hashlib.sha256(event_id.encode()).hexdigest()[:32]
    headers = {"webhook-id": safe_id, "webhook-timestamp": str(at_s), "Content-Type": "application/json"}
    if key is not None:
        signed = b".".join((safe_id.encode(), str(at_s).encode(), body))
        mac = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        headers["webhook-signature"] = f"v1,{mac}"
    return headers


@dataclass(frozen=True)
class Webhook:
    """POSTs to ``url``. ``token`` is sent as a bearer token, ``tls`` is None for the system's authorities.

    An answer from 200 to 299 takes the event; one of 400 to 499 that nobody can mend refuses it; all else is
    tried again.
    """

    url: str
    key: bytes | None = None
    token: str | None = None
    tls: ssl.SSLContext | None = None
    wall_s: Callable[[], float] = time.time

    @property
    def where(self) -> str:
        """The address without user, password and query."""
        parts = urlsplit(self.url)
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[SinkConnection]:
        """A session that keeps its connection."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=1, ssl=self.tls or True)
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
            yield _Posts(self, session)


@dataclass(frozen=True, eq=False)
class _Posts:
    to: Webhook
    session: aiohttp.ClientSession

    async def send(self, event: ResultEvent) -> None:
        body = event.to_json()
        headers = signed_headers(self.to.key, event.id, int(self.to.wall_s()), body)
        try:
            async with self.session.post(
                self.to.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as away:
            raise SinkUnavailableError(f"does not answer: {type(away).__name__} {away}") from None
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in _LATER:
            raise SinkRefusedError(f"refused with status {status}")
        raise SinkUnavailableError(f"answered with status {status}")

    def check(self) -> None:
        """Nothing is known before the next event."""
