"""MQTT control: sets plan, region and sources by topics, and publishes how they are, retained."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

import aiomqtt

from evosplit.edge.background.retries import BackOff
from evosplit.edge.control.mqtt_topics import ControlTopics
from evosplit.edge.control.served import Served
from evosplit.edge.sinks.mqtt import Broker, mqtt_client
from evosplit.edge.sinks.mqtt_message import Message
from evosplit.shared.errors import EvoSplitError

PAUSES_S: Final = (0.5, 30.0)
"""After a lost connection, from the first to the longest, twice as long each time."""
LOOK_S: Final = 0.5
"""How often it is looked whether a state has changed by itself or over HTTP."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MqttControl:
    """One connection to one ``broker``, opened again for ever."""

    broker: Broker
    topics: ControlTopics
    served: Served
    pauses_s: tuple[float, float] = PAUSES_S

    async def run(self) -> None:
        """Until cancelled; what came while the connection was away is lost unless the broker keeps it."""
        back_off = BackOff(self.pauses_s)
        while True:
            away = await self._until_lost(back_off)
            pause_s = back_off.next_s()
            _log.warning("control by %s: %s; tried again in %g s", self.broker.where, away, pause_s)
            await asyncio.sleep(pause_s)

    async def _until_lost(self, back_off: BackOff) -> str:
        """Why the connection ended, or was not made."""
        try:
            await self._connected(back_off)
        except aiomqtt.MqttError as away:
            return str(away)
        return "the connection ended"

    async def _connected(self, back_off: BackOff) -> None:
        async with mqtt_client(self.broker, self.topics.status(False)) as client:
            link = _Link(client, self.topics, self.served)
            for topic in self.topics.subscriptions:
                await client.subscribe(topic, qos=1)
            await link.publish(self.topics.status(True))
            back_off.reset()
            telling = asyncio.create_task(link.keep_telling())
            try:
                await link.listen()
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                await link.leave()


@dataclass(eq=False)
class _Link:
    client: aiomqtt.Client
    topics: ControlTopics
    served: Served
    told: dict[str, bytes] = field(default_factory=dict)

    async def publish(self, message: Message) -> None:
        await self.client.publish(message.topic, message.payload, message.qos, message.retain)

    async def listen(self) -> None:
        """Do what is said, one after the other. Raises MqttError at the end of the connection."""
        async for message in self.client.messages:
            topic, content = str(message.topic), message.payload
            if message.retain:
                _log.warning("%s: a retained message sets nothing: it may be old", topic)
                continue
            try:
                await self.topics.set(self.served, topic, content if isinstance(content, bytes) else b"")
            except EvoSplitError as refused:
                _log.warning("%s: %s", topic, refused)
                await self.publish(self.topics.error(topic, str(refused)))
            await self.tell()

    async def keep_telling(self) -> None:
        while True:
            await self.tell()
            await asyncio.sleep(LOOK_S)

    async def tell(self) -> None:
        """Publish what has changed; the state of a source that is gone is cleared."""
        states = self.topics.states(self.served)
        gone = dict.fromkeys(self.told.keys() - states.keys(), b"")
        for topic, state in {**states, **gone}.items():
            if self.told.get(topic) != state:
                self.told[topic] = state
                await self.publish(Message(topic, state, retain=True))
        for topic in gone:
            self.told.pop(topic, None)

    async def leave(self) -> None:
        """Say goodbye where the connection still is."""
        try:
            await self.publish(self.topics.status(False))
        except aiomqtt.MqttError:
            _log.debug("the broker says goodbye by the last will")
