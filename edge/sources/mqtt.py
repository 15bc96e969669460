"""MQTT source: the payload of each message of a topic is a picture."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final
from urllib.parse import unquote, urlsplit

import aiomqtt

from evosplit.edge.sinks.mqtt import Broker, mqtt_client
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import SourceSettings
from evosplit.shared.security.tls import ClientFiles

LARGEST_BYTES: Final = 64 * 10**6
"""Larger payloads are left out."""
ROOM: Final = 16
"""Pictures that wait where all are taken; a broker cannot be held up, so that more are left out."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class MqttSource:
    """``mqtt://host/topic``; the topic may have wildcards (``#`` as ``%23``)."""

    def __init__(self, told: SourceSettings) -> None:
        self.where = told.where
        parts = urlsplit(told.address)
        tls = ClientFiles(None).context() if parts.scheme == "mqtts" else None
        name = f"evosplit-source-{secrets.token_hex(6)}"
        user, password = (
            None if part is None else unquote(part) for part in (parts.username, parts.password)
        )
        port = parts.port or _PORTS[parts.scheme]
        self._broker = Broker(parts.hostname or "", port, name, user, password, tls)
        self._topic = unquote(parts.path).lstrip("/")
        self._takes_all = told.takes_all

    async def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """As `FrameSource.frames`; it never ends by itself."""
        waiting = _Waiting(ROOM if self._takes_all else 1)
        try:
            async with mqtt_client(self._broker) as client:
                await client.subscribe(self._topic, qos=1 if self._takes_all else 0)
                filling = asyncio.create_task(waiting.fill(client))
                try:
                    while (frame := await waiting.next()) is not None:
                        yield frame
                    await filling
                finally:
                    filling.cancel()
                    await asyncio.gather(filling, return_exceptions=True)
        except aiomqtt.MqttError as away:
            raise SourceError(f"the broker is away: {away}") from None


class _Waiting:
    """The newest pictures, the oldest first; numbers have gaps where others were left out."""

    def __init__(self, room: int) -> None:
        self._frames: deque[SourceFrame] = deque(maxlen=room)
        self._changed = asyncio.Event()
        self._is_over = False

    async def fill(self, client: aiomqtt.Client) -> None:
        """Until the connection ends. Raises MqttError."""
        number = 0
        try:
            async for message in client.messages:
                content = message.payload
                if isinstance(content, bytes) and 0 < len(content) <= LARGEST_BYTES:
                    self._frames.append(SourceFrame(content, time.time(), number))
                    self._changed.set()
                number += 1
        finally:
            self._is_over = True
            self._changed.set()

    async def next(self) -> SourceFrame | None:
        """The oldest that waits; None once the connection ended."""
        while not self._frames:
            if self._is_over:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._frames.popleft()
