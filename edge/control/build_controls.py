"""Composition of MQTT control from the settings: the option, and sinks that are marked in their file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.control.mqtt_control import MqttControl
from evosplit.edge.control.mqtt_topics import ControlTopics
from evosplit.edge.control.served import Served
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import node_of, wanted_sinks
from evosplit.edge.sinks.make_sink import broker_of
from evosplit.edge.sinks.mqtt import Broker
from evosplit.edge.sinks.mqtt_native import NativeTopics
from evosplit.edge.sinks.sink_settings import SinkSettings


def wanted_brokers(settings: EdgeSettings) -> tuple[Broker, ...]:
    """Each broker once whose topics set something. Raises UsageError."""
    by_option = () if settings.mqtt_control is None else (SinkSettings(to=settings.mqtt_control),)
    marked = (told for told in wanted_sinks(settings) if told.control)
    made = [broker_of(told, node_of(settings), "control") for told in (*by_option, *marked)]
    return tuple({broker.where: broker for broker in made}.values())


@contextlib.asynccontextmanager
async def controlled(settings: EdgeSettings, served: Served) -> AsyncIterator[None]:
    """Listen to topics beside serving, whichever agent is in service. Raises UsageError."""
    topics = ControlTopics(NativeTopics(node_of(settings)))
    background = Supervisor(lambda name: served.agent.metrics.background_failed(name))
    for broker in wanted_brokers(settings):
        background.start(f"control {broker.where}", MqttControl(broker, topics, served).run)
    try:
        yield
    finally:
        await background.end()
