"""MQTT sink (3.1.1, aiomqtt): publishes events in the topics of one convention, with a last will."""

from __future__ import annotations

import asyncio
import contextlib
import math
import ssl
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

import aiomqtt

from evosplit.edge.sinks.event import ResultEvent
from evosplit.edge.sinks.mqtt_message import Encoder, Message
from evosplit.edge.sinks.sink import SinkConnection, SinkUnavailableError
from evosplit.shared.time_limit import time_limit

T = TypeVar("T")

TIMEOUT_S: Final = 15.0
KEEP_ALIVE_S: Final = 20
"""A broken link is noticed after one and a half of it: then the broker sends the last will."""


@dataclass(frozen=True)
class Broker:
    """Where the broker is, and who connects; ``tls`` is None for plain TCP."""

    host: str
    port: int
    client_id: str
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def where(self) -> str:
        """The address without user and password."""
        return f"{'mqtt' if self.tls is None else 'mqtts'}://{self.host}:{self.port}"


class _Client(aiomqtt.Client):
    """Waits for acknowledgements without `asyncio.wait_for`.

    Before Python 3.12 that loses a cancellation that comes together with one, and the task would go on.
    """

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:
        limit_s = self.timeout if timeout is None else timeout
        try:
            async with time_limit(None if math.isinf(limit_s) else limit_s):
                return await fut
        except asyncio.TimeoutError:
            raise aiomqtt.MqttError("no acknowledgement in time") from None


def mqtt_client(broker: Broker, last: Message | None = None) -> aiomqtt.Client:
    """A client, not connected yet, with a last will where there is one."""
    return _Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        identifier=broker.client_id,
        will=None if last is None else aiomqtt.Will(last.topic, last.payload, last.qos, last.retain),
        tls_context=broker.tls,
        timeout=TIMEOUT_S,
        keepalive=KEEP_ALIVE_S,
    )


@dataclass(frozen=True)
class Mqtt:
    """Publishes to ``broker`` what ``encoder`` makes of events."""

    broker: Broker
    encoder: Encoder

    @property
    def where(self) -> str:
        """The address without user and password."""
        return self.broker.where

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[SinkConnection]:
        """Connected from the birth messages to those of the end."""
        try:
            async with mqtt_client(self.broker, self.encoder.will()) as client:
                turn = asyncio.Lock()
                lost = asyncio.create_task(_until_lost(client, self.encoder, turn))
                connection = _Publisher(client, self.encoder, lost, turn)
                try:
                    for topic in self.encoder.commands:
                        await client.subscribe(topic, qos=1)
                    await connection.born()
                    yield connection
                finally:
                    await connection.end()
        except aiomqtt.MqttError as broken:
            raise SinkUnavailableError(f"does not answer: {broken}") from None


@dataclass(frozen=True, eq=False)
class _Publisher:
    """``lost`` ends, with an error, when the connection does.

    Messages are made and published in turn: conventions that count them must not be overtaken.
    """

    client: aiomqtt.Client
    encoder: Encoder
    lost: asyncio.Task[None]
    turn: asyncio.Lock

    async def send(self, event: ResultEvent) -> None:
        async with self.turn:
            await self.publish(self.encoder.result(event))

    async def born(self) -> None:
        async with self.turn:
            await self.publish(self.encoder.birth())

    async def publish(self, messages: tuple[Message, ...]) -> None:
        try:
            await _publish(self.client, messages)
        except aiomqtt.MqttError as broken:
            raise SinkUnavailableError(f"broke off: {broken}") from None

    def check(self) -> None:
        if self.lost.done():
            raise SinkUnavailableError("broke off")

    async def end(self) -> None:
        """Say goodbye, as the last will would; a broken connection cannot, and its broker does."""
        with contextlib.suppress(SinkUnavailableError):
            if not self.lost.done():
                await self.publish((self.encoder.death(),))
        self.lost.cancel()
        await asyncio.gather(self.lost, return_exceptions=True)


async def _until_lost(client: aiomqtt.Client, encoder: Encoder, turn: asyncio.Lock) -> None:
    """Answer commands; the messages end, with an error, when the connection does."""
    async for message in client.messages:
        if isinstance(message.payload, bytes):
            async with turn:
                await _publish(client, encoder.commanded(message.payload))


async def _publish(client: aiomqtt.Client, messages: tuple[Message, ...]) -> None:
    for message in messages:
        await client.publish(message.topic, message.payload, message.qos, message.retain)
