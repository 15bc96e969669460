"""Snapshot source: one picture, fetched over HTTP again and again, at the rate that was asked for."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp

from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import SourceSettings

LARGEST_BYTES: Final = 64 * 10**6
ASSUMED_RATE: Final = 1.0
"""Fetches a second where no rate was asked for."""


class SnapshotSource:
    """A picture that has not changed since the last fetch is none."""

    def __init__(self, told: SourceSettings) -> None:
        self._url = told.address.removeprefix("snapshot+")
        self._pause_s = 1 / (told.rate or ASSUMED_RATE)
        self._timeout = aiohttp.ClientTimeout(total=told.stall_s)
        self.where = told.where

    async def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """As `FrameSource.frames`; it never ends by itself."""
        last, number = b"", 0
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            while True:
                started_s = time.monotonic()
                content = await self._fetch(session)
                digest = hashlib.sha256(content).digest()
                if digest != last:
                    yield SourceFrame(content, time.time(), number)
                    last, number = digest, number + 1
                await asyncio.sleep(max(self._pause_s - (time.monotonic() - started_s), 0))

    async def _fetch(self, session: aiohttp.ClientSession) -> bytes:
        try:
            async with session.get(self._url) as answer:
                if answer.status != 200:
                    raise SourceError(f"answers with status {answer.status}")
                content = bytearray()
                async for chunk in answer.content.iter_chunked(1 << 16):
                    content += chunk
                    if len(content) > LARGEST_BYTES:
                        raise SourceError(f"sends more than {LARGEST_BYTES} bytes")
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as away:
            raise SourceError(f"does not answer: {type(away).__name__} {away}") from None
        return bytes(content)
