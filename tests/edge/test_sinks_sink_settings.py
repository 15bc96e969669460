"""Settings of sinks: addresses with rules, YAML files, and what is wrong with them in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sink_support import NODE

from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import node_of, wanted_sinks
from evosplit.edge.sinks.make_sink import make_sink
from evosplit.edge.sinks.mqtt import Mqtt
from evosplit.edge.sinks.mqtt_native import HomeAssistant
from evosplit.edge.sinks.sink_settings import SinkSettings, read_sinks, sink_settings
from evosplit.edge.sinks.webhook import Webhook
from evosplit.shared.errors import UsageError

FILE = """
sinks:
  - name: trucks
    to: https://example.org/hook
    rule: label == "truck" and confidence > 0.6
    secret_file: {secret}
  - to: mqtt://broker
    topics: homeassistant
    user: edge
    password_file: {secret}
"""


def _edge(tmp_path: Path, **changes: Any) -> EdgeSettings:
    return EdgeSettings(cloud_url="http://cloud:8000", model="net", data=tmp_path, **changes)


def test_an_address_may_have_a_rule_behind_it(tmp_path: Path) -> None:
    settings = _edge(tmp_path, sink=("https://example.org/hook if label == 'truck'", "mqtt://broker:1884"))
    hook, broker = wanted_sinks(settings)
    assert (hook.to, hook.rule) == ("https://example.org/hook", "label == 'truck'")
    sink, rule = make_sink(broker, NODE, Webhook("http://cloud"))
    assert isinstance(sink, Mqtt)
    assert (sink.where, rule) == ("mqtt://broker:1884", None)


def test_a_file_names_sinks_with_their_secrets(tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "sinks.yaml"
    secret.write_text("whsec_" + "QUJD" * 10 + "\n")
    file.write_text(FILE.format(secret=secret))
    hook, broker = (
        make_sink(each, NODE, Webhook("http://cloud"))[0]
        for each in wanted_sinks(_edge(tmp_path, sinks=file))
    )
    assert isinstance(hook, Webhook)
    assert hook.key == b"ABC" * 10
    assert isinstance(broker, Mqtt)
    assert isinstance(broker.encoder, HomeAssistant)
    assert broker.broker.port == 1883
    assert broker.broker.password == secret.read_text().strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://host/path", "not a sink"),
        ("mqtt://", "broker's address"),
        ("https://host if label ==", "not a rule"),
        ("", "not a sink"),
    ],
)
def test_what_is_no_sink_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        wanted_sinks(_edge(tmp_path, sink=(text,)))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "sinks:",
        "sinks: 3",
        "- to: x",
        "sinks: [{to: 3}]",
        "sinks: [{to: a, colour: b}]",
        "sinks: [",
        "\x00",
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sinks.yaml"
    file.write_text(content)
    with pytest.raises(UsageError) as refused:
        read_sinks(file)
    assert str(file) in str(refused.value)


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_sinks(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="none"):
        make_sink(
            SinkSettings(to="https://host", secret_file=tmp_path / "none"), NODE, Webhook("http://cloud")
        )


def test_two_sinks_do_not_share_a_cursor(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give each a name"):
        wanted_sinks(_edge(tmp_path, sink=("https://host/a?x=1", "https://host/a?x=2")))


def test_keys_have_no_secrets() -> None:
    assert sink_settings("https://user:pass@host/a?token=x").key == "https://host:/a#native"


def test_a_node_is_called_like_its_host(tmp_path: Path) -> None:
    assert node_of(_edge(tmp_path)).node
    named = node_of(_edge(tmp_path, site="yard", name="gate-1"))
    assert named == NODE
