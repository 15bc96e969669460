"""Sparkplug B encoder: an edge node with a device for each stream (Eclipse Sparkplug 3.0).

Birth and death certificates of one connection have the same number (``bdSeq``); messages are counted from
0 to 255 and round again. A host that has missed a birth asks for it by ``Node Control/Rebirth``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.edge.sinks.mqtt_message import Encoder, Message, level
from evosplit.edge.sinks.mqtt_platforms import readings
from evosplit.edge.sinks.sparkplug_payload import Value, encoded, true_metrics
from evosplit.shared.serial import json_text

REBIRTH: Final = "Node Control/Rebirth"
HISTORICAL_S: Final = 60.0
"""A result that is sent so long after its frame came is history: hosts file it, and do not show it as now."""
MOST_DEVICES: Final = 256
_KINDS: Final = {"confidence": float, "latency_s": float, "things": int, "wire_bytes": int}
"""Types of those readings that are no texts: they stay the same where a value is not known."""
_WRAP: Final = 256
_NAMESPACE: Final = "spBv1.0"


class SparkplugB(Encoder):
    """``spBv1.0/{site}/{kind}/{node}/{stream}``; all but deaths with quality of service 0, as specified."""

    def __init__(self, node: Node, wall_s: Callable[[], float] = time.time) -> None:
        self._group, self._node = level(node.site), level(node.node)
        self._wall_s = wall_s
        self._bd_seq = int(wall_s()) % _WRAP  # a death of an earlier process has another number, most likely
        self._seq = 0
        self._devices: dict[str, ResultEvent] = {}

    @property
    def commands(self) -> tuple[str, ...]:
        """Where hosts ask for a birth."""
        return (self._topic("NCMD"),)

    def will(self) -> Message:
        """The death certificate of the next connection."""
        self._bd_seq = (self._bd_seq + 1) % _WRAP
        return self.death()

    def death(self) -> Message:
        """That of this connection."""
        return Message(self._topic("NDEATH"), encoded({"bdSeq": self._bd_seq}, self._now_ms()), qos=1)

    def birth(self) -> tuple[Message, ...]:
        """The node's; its devices follow with their next results."""
        self._devices.clear()
        return (self._node_birth(),)

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """The result as data of its stream's device, which is born first where it is new."""
        name = level(event.result.stream)
        is_new = name not in self._devices
        self._devices.pop(name, None)
        self._devices[name] = event
        if len(self._devices) > MOST_DEVICES:
            self._devices.pop(next(iter(self._devices)))
        birth = (self._device("DBIRTH", name, event),) if is_new else ()
        return (*birth, self._device("DDATA", name, event))

    def commanded(self, payload: bytes) -> tuple[Message, ...]:
        """Births of the node and of all devices, with their last values, where a host asks for them."""
        if REBIRTH not in true_metrics(payload):
            return ()
        births = [self._node_birth()]
        births += [self._device("DBIRTH", name, event) for name, event in self._devices.items()]
        return tuple(births)

    def _node_birth(self) -> Message:
        self._seq = 0
        metrics: dict[str, Value | None] = {
            "bdSeq": self._bd_seq,
            REBIRTH: False,
            "Properties/Software": f"EvoSplit {version('evosplit')}",
        }
        return Message(self._topic("NBIRTH"), encoded(metrics, self._now_ms(), self._next_seq()), qos=0)

    def _device(self, kind: str, name: str, event: ResultEvent) -> Message:
        received_s = event.result.received_at_s
        is_historical = kind == "DDATA" and self._wall_s() - received_s > HISTORICAL_S
        metrics = {key: _metric(value) for key, value in readings(event).items()}
        content = encoded(metrics, int(received_s * 1000), self._next_seq(), is_historical, _KINDS)
        return Message(f"{self._topic(kind)}/{name}", content, qos=0)

    def _topic(self, kind: str) -> str:
        return f"{_NAMESPACE}/{self._group}/{kind}/{self._node}"

    def _next_seq(self) -> int:
        number, self._seq = self._seq, (self._seq + 1) % _WRAP
        return number

    def _now_ms(self) -> int:
        return int(self._wall_s() * 1000)


def _metric(value: object) -> Value | None:
    return value if value is None or isinstance(value, (bool, int, float, str)) else json_text(value)
