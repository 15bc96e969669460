"""Topics and payloads of the MQTT conventions, without a broker."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sink_support import NODE, boxes, result, top

from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.edge.sinks.mqtt_message import level
from evosplit.edge.sinks.mqtt_native import HomeAssistant, NativeTopics
from evosplit.edge.sinks.mqtt_platforms import EdgeXEvents, KubeEdgeTwin

EVENT = ResultEvent(NODE, 7, result(7, top("cat", 0.5), confidence=0.5))


@given(st.text())
def test_any_name_is_one_level(name: str) -> None:
    made = level(name)
    assert 0 < len(made) <= 64
    assert not set("/+#\0 $") & set(made)


def test_names_that_are_safe_stay() -> None:
    assert [level(name) for name in ("gate-1", "Tor 3/links", "", "#")] == [
        "gate-1",
        "Tor-3-links",
        "default",
        "default",
    ]


def test_discovery_comes_once_before_the_first_result_of_a_stream() -> None:
    encoder = HomeAssistant(NODE)
    first, second = encoder.result(EVENT), encoder.result(EVENT)
    assert [message.topic for message in first] == [
        "homeassistant/sensor/evosplit_gate-1/camera_answer/config",
        "homeassistant/sensor/evosplit_gate-1/camera_confidence/config",
        "evosplit/v1/yard/gate-1/camera/result",
    ]
    assert second == NativeTopics(NODE).result(EVENT)
    said = json.loads(first[0].payload)
    assert said["state_topic"] == second[0].topic
    assert said["availability_topic"] == encoder.birth()[0].topic
    assert first[0].retain
    encoder.birth()
    assert encoder.result(EVENT) == first  # a broker that forgot is told again


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (top("cat", 0.5), "cat"),
        ({"top": [{"class": 3, "score": 0.5}]}, "3"),
        (boxes(("car", 0.9), ("car", 0.8)), "2"),
        ({"text": "B-42"}, "B-42"),
        (None, "failed"),
        ({"tensors": {}}, "ok"),
    ],
)
def test_the_template_of_home_assistant_shows_the_answer(outcome: object, text: str) -> None:
    jinja2 = pytest.importorskip("jinja2")
    message = HomeAssistant(NODE).result(EVENT)[0]
    value = ResultEvent(NODE, 1, result(1, outcome)).to_dict()
    template = jinja2.Environment(autoescape=False).from_string(json.loads(message.payload)["value_template"])
    assert template.render(value_json=value).strip() == text


def test_kubeedge_has_texts_by_property() -> None:
    (message,) = KubeEdgeTwin(NODE, lambda: 5.0).result(EVENT)
    assert message.topic == "$hw/events/device/gate-1/twin/update"
    said = json.loads(message.payload)
    assert said["timestamp"] == 5000
    assert said["twin"]["label"]["actual"] == {"value": "cat"}
    assert all(isinstance(each["actual"]["value"], str) for each in said["twin"].values())


def test_edgex_has_readings_with_types_and_stable_ids() -> None:
    encoder = EdgeXEvents(Node("yard", "gate 1"))
    (message,) = encoder.result(EVENT)
    assert message.topic == "edgex/events/device/evosplit/gate-1/camera"
    event = json.loads(message.payload)["event"]
    assert event["origin"] == 1_007_000_000_000
    kinds = {reading["resourceName"]: reading["valueType"] for reading in event["readings"]}
    assert (kinds["label"], kinds["confidence"], kinds["wire_bytes"]) == ("String", "Float64", "Int64")
    assert kinds["result"] == "Object"
    assert json.loads(encoder.result(EVENT)[0].payload) == json.loads(message.payload)
