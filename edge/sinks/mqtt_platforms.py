"""MQTT encoders of edge platforms: a KubeEdge device twin, and EdgeX events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.edge.sinks.mqtt_message import Encoder, Message, level
from evosplit.edge.sinks.mqtt_native import OFFLINE, ONLINE
from evosplit.shared.result_query import Thing, things_of
from evosplit.shared.serial import json_text


@dataclass(frozen=True)
class KubeEdgeTwin(Encoder):
    """The last result as reported values of a device twin: ``$hw/events/device/{node}/twin/update``."""

    node: Node
    wall_s: Callable[[], float] = time.time

    @property
    def _base(self) -> str:
        return f"$hw/events/device/{level(self.node.node)}"

    def birth(self) -> tuple[Message, ...]:
        """The device's state."""
        return (self._state(ONLINE),)

    def death(self) -> Message:
        """The device's state."""
        return self._state(OFFLINE)

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """Twin values are texts."""
        values = {key: str(value) for key, value in readings(event).items() if value is not None}
        twin = {
            key: {"actual": {"value": value}, "metadata": {"type": "Updated"}}
            for key, value in values.items()
        }
        said = {"event_id": event.id, "timestamp": int(self.wall_s() * 1000), "twin": twin}
        return (Message(f"{self._base}/twin/update", json.dumps(said).encode()),)

    def _state(self, state: bytes) -> Message:
        said = {"event_id": "", "timestamp": int(self.wall_s() * 1000), "state": state.decode()}
        return Message(f"{self._base}/state/update", json.dumps(said).encode())


@dataclass(frozen=True)
class EdgeXEvents(Encoder):
    """EdgeX events (API v3): ``edgex/events/device/evosplit/{node}/{stream}``, one reading for each value."""

    node: Node
    wall_s: Callable[[], float] = time.time

    def birth(self) -> tuple[Message, ...]:
        """EdgeX knows a device by its events alone."""
        return ()

    def death(self) -> Message:
        """Beside the events: where the node's status is."""
        return Message(f"edgex/status/evosplit/{level(self.node.node)}", OFFLINE, retain=True)

    def result(self, event: ResultEvent) -> tuple[Message, ...]:
        """Times are Unix nanoseconds."""
        source, device = level(event.result.stream), level(self.node.node)
        origin = int(event.result.received_at_s * 1e9)
        common = {"origin": origin, "deviceName": device, "profileName": "evosplit"}
        told = [
            {"id": _uuid(event, key), "resourceName": key, **_value(value)} | common
            for key, value in readings(event).items()
            if value is not None
        ]
        made = {
            "apiVersion": "v3",
            "id": _uuid(event, ""),
            "sourceName": source,
            "readings": told,
        } | common
        topic = f"edgex/events/device/evosplit/{device}/{source}"
        return (Message(topic, json_text({"apiVersion": "v3", "event": made}).encode()),)


def readings(event: ResultEvent) -> dict[str, Any]:
    """The values of one result that such platforms chart, and the whole result as one object."""
    result, things = event.result, things_of(event.result)
    best = things[0] if things else Thing(None, None)
    return {
        "stream": result.stream,
        "label": best.label,
        "text": best.text,
        "confidence": result.confidence,
        "things": len(things),
        "answered_by": result.answered_by,
        "latency_s": result.breakdown.total_s,
        "wire_bytes": result.wire_bytes,
        "result": event.to_dict()["result"],
    }


def _value(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a reading of any kind
    kind = {float: "Float64", int: "Int64", str: "String"}.get(type(value))
    if kind is None:
        return {"valueType": "Object", "objectValue": value}
    return {"valueType": kind, "value": value if isinstance(value, str) else json_text(value)}


def _uuid(event: ResultEvent, key: str) -> str:
    """The same whenever an event is sent."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"evosplit:{event.id}:{event.sequence}:{key}"))
