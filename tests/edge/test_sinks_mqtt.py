"""MQTT sink against a real Mosquitto, read by another client (paho)."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from broker_support import broker, needs_broker, subscriber
from sink_support import NODE, finish, result, top

from evosplit.edge.results.result_log import ResultLog
from evosplit.edge.results.store import Store
from evosplit.edge.sinks.delivery import SinkDelivery
from evosplit.edge.sinks.event import ResultEvent
from evosplit.edge.sinks.mqtt import Broker, Mqtt
from evosplit.edge.sinks.mqtt_message import Encoder
from evosplit.edge.sinks.mqtt_native import HomeAssistant, NativeTopics
from evosplit.edge.sinks.mqtt_platforms import EdgeXEvents, KubeEdgeTwin
from evosplit.edge.sinks.sink import SinkUnavailableError

pytestmark = needs_broker

BASE = "evosplit/v1/yard/gate-1"
EVENT = ResultEvent(NODE, 7, result(7, top("cat", 0.5), confidence=0.5))


def _sink(port: int, encoder: Encoder | None = None) -> Mqtt:
    return Mqtt(Broker("127.0.0.1", port, "evosplit-test"), encoder or NativeTopics(NODE))


async def test_results_and_status(tmp_path: Path, unused_tcp_port: int) -> None:
    with broker(tmp_path, unused_tcp_port), subscriber(unused_tcp_port) as reader:
        async with _sink(unused_tcp_port).connect() as connection:
            await connection.send(EVENT)
            connection.check()
            with subscriber(unused_tcp_port) as late:
                await asyncio.to_thread(
                    late.until, lambda: late.messages == [(f"{BASE}/status", b"online", True)]
                )
        await asyncio.to_thread(reader.until, lambda: reader.of("/status") == [b"online", b"offline"])
    assert [json.loads(payload) for payload in reader.of(f"{BASE}/camera/result")] == [EVENT.to_dict()]


async def test_a_broker_that_goes_away_is_noticed(tmp_path: Path, unused_tcp_port: int) -> None:
    with pytest.raises(SinkUnavailableError):
        async with _sink(unused_tcp_port).connect():
            raise AssertionError("nobody listens")
    with broker(tmp_path, unused_tcp_port) as process, pytest.raises(SinkUnavailableError):
        await _use_until_it_breaks(_sink(unused_tcp_port), process)


async def _use_until_it_breaks(sink: Mqtt, process: subprocess.Popen[bytes]) -> None:
    async with sink.connect() as connection:
        process.terminate()
        while True:
            connection.check()
            await asyncio.sleep(0.01)


async def test_nothing_is_lost_while_the_broker_is_away(tmp_path: Path, unused_tcp_port: int) -> None:
    store = Store(tmp_path / "results.sqlite")
    delivery = SinkDelivery("mqtt", _sink(unused_tcp_port), ResultLog(store), NODE, pauses_s=(0.05, 0.2))
    with broker(tmp_path / "broker", unused_tcp_port), subscriber(unused_tcp_port) as reader:
        task = asyncio.create_task(delivery.run())
        await asyncio.to_thread(reader.until, lambda: reader.of("/status") == [b"online"])
        await asyncio.to_thread(finish, store, result(0), result(1))
        await asyncio.to_thread(reader.until, lambda: len(reader.of("/result")) == 2)
    await asyncio.to_thread(finish, store, result(2), result(3))
    while delivery.state.is_connected:
        await asyncio.sleep(0.01)
    with broker(tmp_path / "broker", unused_tcp_port), subscriber(unused_tcp_port) as again:
        await asyncio.to_thread(again.until, lambda: len(again.of("/result")) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    store.close()
    sent = [
        json.loads(payload)["result"]["frame_id"] for payload in (*reader.of("/result"), *again.of("/result"))
    ]
    assert sent == [f"frame{number}" for number in range(4)]


@pytest.mark.parametrize("kind", [HomeAssistant, KubeEdgeTwin, EdgeXEvents])
async def test_the_broker_takes_all_conventions(
    tmp_path: Path, unused_tcp_port: int, kind: type[Encoder]
) -> None:
    encoder = kind(NODE)
    wanted = [message.topic for message in encoder.result(EVENT)]
    with broker(tmp_path, unused_tcp_port), subscriber(unused_tcp_port) as reader:
        async with _sink(unused_tcp_port, encoder).connect() as connection:
            await connection.send(EVENT)
        expected = {encoder.death().topic, *wanted}
        await asyncio.to_thread(reader.until, lambda: expected <= {topic for topic, *_ in reader.messages})
