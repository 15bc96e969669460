"""Native MQTT topics: results, status with last will, plan state; and Home Assistant's discovery of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.edge.sinks.mqtt_message import Encoder, Message, level

ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True)
class NativeTopics(Encoder):
    """``evosplit/v1/{site}/{node}/...``: ``{stream}/result`` and ``status`` (retained)."""

    node: Node

    @property
    def base(self) -> str:
        """The common part of all topics."""
        return f"evosplit/v1/{level(self.node.site)}/{level(self.node.node)}"

    def birth(self) -> tuple[Message, ...]:
        """``online``, retained."""
        return (Message(f"{self.base}/status", ONLINE, retain=True),)

    def death(self) -> Message:
        """``offline``, retained."""
        return Message(f"{self.base}/status", OFFLINE, retain=True)

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """The whole event, at least once: receivers tell a repeated one by its ``id``."""
        return (Message(self.topic_of(event.result.stream), event.to_json()),)

    def topic_of(self, stream: str) -> str:
        """Where the results of a stream go."""
        return f"{self.base}/{level(stream)}/result"


class HomeAssistant(Encoder):
    """The native topics, with a retained discovery message before the first result of each stream.

    Format: home-assistant.io/integrations/mqtt, "MQTT Discovery".
    """

    def __init__(self, node: Node, prefix: str = "homeassistant") -> None:
        self._node = node
        self._native = NativeTopics(node)
        self._prefix = prefix
        self._announced: set[str] = set()

    def birth(self) -> tuple[Message, ...]:
        """As the native topics; streams are announced anew after each connecting."""
        self._announced.clear()
        return self._native.birth()

    def death(self) -> Message:
        """As the native topics."""
        return self._native.death()

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """The result, after its stream's two sensors where they are new: its answer and its confidence."""
        stream = event.result.stream
        news = () if stream in self._announced else self._sensors(stream)
        self._announced.add(stream)
        return (*news, *self._native.result(event))

    def _sensors(self, stream: str) -> tuple[Message, ...]:
        answer = (
            "{% set o = value_json.result.outcome %}{{ 'failed' if not o else o.text if o.text is defined "
            "else (o.top[0].label or o.top[0].class) if o.top is defined "
            "else (o.areas[0].label or o.areas[0].class) if o.areas is defined "
            "else o.boxes | count if o.boxes is defined else 'ok' }}"
        )
        confidence = "{{ value_json.result.confidence }}"
        return (
            self._sensor(stream, "answer", {"value_template": answer}),
            self._sensor(stream, "confidence", {"value_template": confidence, "state_class": "measurement"}),
        )

    def _sensor(self, stream: str, what: str, more: dict[str, Any]) -> Message:
        native, node = self._native, level(self._node.node)
        unique = f"evosplit_{level(self._node.site)}_{node}_{level(stream)}_{what}"
        said = {
            "name": f"{stream} {what}",
            "unique_id": unique,
            "state_topic": native.topic_of(stream),
            "availability_topic": native.death().topic,
            "device": {
                "identifiers": [f"evosplit_{node}"],
                "name": self._node.node,
                "model": "EvoSplit edge",
            },
            **more,
        }
        topic = f"{self._prefix}/sensor/evosplit_{node}/{level(stream)}_{what}/config"
        return Message(topic, json.dumps(said).encode(), retain=True)
