"""Sinks made of their settings: addresses, encoders and secrets to what is ready to connect."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from evosplit.edge.sinks.event import Node
from evosplit.edge.sinks.mqtt import Broker, Mqtt
from evosplit.edge.sinks.mqtt_message import Encoder, level
from evosplit.edge.sinks.mqtt_native import HomeAssistant, NativeTopics
from evosplit.edge.sinks.mqtt_platforms import EdgeXEvents, KubeEdgeTwin
from evosplit.edge.sinks.rule import Rule
from evosplit.edge.sinks.sink import EventSink
from evosplit.edge.sinks.sink_settings import CLOUD, SinkSettings, Topics
from evosplit.edge.sinks.sparkplug import SparkplugB
from evosplit.edge.sinks.webhook import Webhook, signing_key
from evosplit.shared.errors import UsageError
from evosplit.shared.security.tls import ClientFiles

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


def make_sink(told: SinkSettings, node: Node, cloud: EventSink) -> tuple[EventSink, Rule | None]:
    """The sink, and its rule; ``cloud`` is the sink of that name. Raises UsageError."""
    rule = None if told.rule is None else Rule(told.rule)
    if told.to == CLOUD:
        return cloud, rule
    scheme = urlsplit(told.to).scheme
    if scheme in ("http", "https"):
        return _webhook(told), rule
    if scheme in _PORTS:
        return Mqtt(broker_of(told, node, told.name or told.topics), _encoder(told.topics, node)), rule
    raise UsageError(f"not a sink: {told.to!r} (write it like cloud, https://host/path or mqtt://host)")


def _webhook(told: SinkSettings) -> Webhook:
    key = None if told.secret_file is None else signing_key(_secret(told.secret_file))
    token = None if told.password_file is None else _secret(told.password_file)
    tls = ClientFiles(told.ca_file).context() if told.to.startswith("https") else None
    return Webhook(told.to, key, token, tls)


def broker_of(told: SinkSettings, node: Node, purpose: str) -> Broker:
    """The broker of a sink's settings, for a client of that purpose. Raises UsageError."""
    parts = urlsplit(told.to)
    if not parts.hostname or parts.scheme not in _PORTS:
        raise UsageError(f"not a broker's address: {told.to!r} (write it like mqtt://host:1883)")
    password = None if told.password_file is None else _secret(told.password_file)
    client_id = level(f"evosplit-{node.node}-{purpose}")
    tls = ClientFiles(told.ca_file).context() if parts.scheme == "mqtts" else None
    port = parts.port or _PORTS[parts.scheme]
    return Broker(parts.hostname, port, client_id, told.user or parts.username, password, tls)


def _encoder(topics: Topics, node: Node) -> Encoder:
    encoders: dict[Topics, Encoder] = {
        "native": NativeTopics(node),
        "homeassistant": HomeAssistant(node),
        "kubeedge": KubeEdgeTwin(node),
        "edgex": EdgeXEvents(node),
        "sparkplug": SparkplugB(node),
    }
    return encoders[topics]


def _secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise UsageError(f"cannot read {path}: {unreadable}") from None
