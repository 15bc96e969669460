"""MQTT messages: topics, payloads, and the protocol of the encoders that make them of events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from evosplit.edge.sinks.event import ResultEvent

_NOT_SAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST: Final = 64


@dataclass(frozen=True)
class Message:
    """One publication. ``qos`` 0: at most once, 1: at least once."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Encoder(Protocol):
    """Messages of one convention (topics and payloads)."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Topics in which others ask for something."""
        return ()

    def will(self) -> Message:
        """The last will of the connection that is made next: by default what is said before a good end."""
        return self.death()

    def commanded(self, payload: bytes) -> tuple[Message, ...]:
        """What to say when somebody has asked."""
        return ()

    def birth(self) -> tuple[Message, ...]:
        """What is said after connecting."""

    def death(self) -> Message:
        """What is said before a good end, and by the broker when the connection breaks."""

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """One result."""


def level(name: str) -> str:
    """One level of a topic: letters, digits, ``_``, ``.``, ``-``; never empty, a wildcard or a separator."""
    return _NOT_SAFE.sub("-", name)[:_LONGEST].strip("-") or "default"
