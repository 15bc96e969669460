"""Sparkplug B: births, deaths and data by the specification, against a real Mosquitto."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import paho.mqtt.publish as paho_publish
from broker_support import broker, needs_broker, subscriber
from sink_support import NODE, result, top

from evosplit.edge.sinks.event import ResultEvent
from evosplit.edge.sinks.mqtt import Broker, Mqtt
from evosplit.edge.sinks.sparkplug import HISTORICAL_S, REBIRTH, SparkplugB
from evosplit.edge.sinks.sparkplug_payload import encoded, read_metrics, true_metrics

BASE = "spBv1.0/yard"


def event(number: int, stream: str = "camera") -> ResultEvent:
    return ResultEvent(NODE, number, result(number, top("cat", 0.5), confidence=0.5, stream=stream))


def test_the_bytes_of_a_payload_are_those_of_the_specification() -> None:
    """Field 1 the time, fields 2 the metrics (name 1, time 3, type 4, value 11 to 15), field 3 the number."""
    content = encoded({"bdSeq": 1, "on": True, "text": "a", "none": None}, 1000, 2)
    metrics = (
        b"\x0a\x05bdSeq\x18\xe8\x07\x20\x04\x58\x01",
        b"\x0a\x02on\x18\xe8\x07\x20\x0b\x70\x01",
        b"\x0a\x04text\x18\xe8\x07\x20\x0c\x7a\x01a",
        b"\x0a\x04none\x18\xe8\x07\x20\x0c\x38\x01",
    )
    coded = b"".join(b"\x12" + bytes([len(metric)]) + metric for metric in metrics)
    assert content == b"\x08\xe8\x07" + coded + b"\x18\x02"
    assert true_metrics(content) == {"on"}
    assert true_metrics(b"\xff\xff") == frozenset()
    assert read_metrics(encoded({"n": -1, "x": 0.5}, 1)).metrics == {"n": -1, "x": 0.5}


def test_messages_are_counted_round_and_history_is_marked() -> None:
    moment = [event(1).result.received_at_s]
    encoder = SparkplugB(NODE, lambda: moment[0])
    assert encoder.will() == encoder.death()
    numbers = [read_metrics(encoder.birth()[0].payload).seq]
    for number in range(300):
        numbers += [read_metrics(message.payload).seq for message in encoder.result(event(number))]
    assert numbers == [number % 256 for number in range(302)]
    assert not read_metrics(encoder.result(event(1))[0].payload).is_historical
    moment[0] += HISTORICAL_S + 1
    assert read_metrics(encoder.result(event(1))[0].payload).is_historical


def test_each_connection_has_its_number_and_births_anew() -> None:
    encoder = SparkplugB(NODE, lambda: 254.0)
    for connection in (255, 0, 1):
        will = read_metrics(encoder.will().payload)
        assert (will.metrics["bdSeq"], will.seq) == (connection, None)
        assert read_metrics(encoder.birth()[0].payload).metrics["bdSeq"] == connection
        assert [message.topic.split("/")[2] for message in encoder.result(event(1))] == ["DBIRTH", "DDATA"]
        assert [message.topic.split("/")[2] for message in encoder.result(event(2))] == ["DDATA"]
        assert read_metrics(encoder.death().payload).metrics["bdSeq"] == connection


def test_a_metric_keeps_its_type() -> None:
    encoder = SparkplugB(NODE)
    nothing = ResultEvent(NODE, 1, result(1, None, confidence=None))
    unknown, known = read_metrics(encoder.result(nothing)[0].payload), encoder.result(event(2))[0].payload
    assert unknown.metrics["confidence"] is None
    assert unknown.kinds == read_metrics(known).kinds


@needs_broker
async def test_a_host_sees_births_data_and_the_end(tmp_path: Path, unused_tcp_port: int) -> None:
    sink = Mqtt(Broker("127.0.0.1", unused_tcp_port, "evosplit-test"), SparkplugB(NODE))
    with broker(tmp_path, unused_tcp_port), subscriber(unused_tcp_port) as host:

        def kinds() -> list[str]:
            return [topic.removeprefix(f"{BASE}/") for topic, _, _ in host.messages if "/NCMD/" not in topic]

        async with sink.connect() as connection:
            await connection.send(event(1))
            await connection.send(event(2, "yard"))
            await asyncio.to_thread(host.until, lambda: len(kinds()) == 5)
            await asyncio.to_thread(_ask_for_a_birth, unused_tcp_port)
            await asyncio.to_thread(host.until, lambda: len(kinds()) == 8)
        await asyncio.to_thread(host.until, lambda: len(kinds()) == 9)
    born = ["NBIRTH/gate-1", "DBIRTH/gate-1/camera"]
    assert kinds() == [
        *(*born, "DDATA/gate-1/camera", "DBIRTH/gate-1/yard", "DDATA/gate-1/yard"),
        *(*born, "DBIRTH/gate-1/yard", "NDEATH/gate-1"),
    ]
    data: Any = read_metrics(host.of("DDATA/gate-1/camera")[0])
    assert (data.metrics["label"], data.metrics["confidence"], data.metrics["things"]) == ("cat", 0.5, 1)
    assert not any(retained for _, _, retained in host.messages)


def _ask_for_a_birth(port: int) -> None:
    paho_publish.single(f"{BASE}/NCMD/gate-1", encoded({REBIRTH: True}, 1), port=port, qos=1)
