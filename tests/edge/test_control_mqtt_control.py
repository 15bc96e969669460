"""MQTT control of an agent through a real Mosquitto, by another client (paho): set, told, refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broker_support import Subscriber, broker, needs_broker, subscriber
from edge_support import Stage, picture, stage

from evosplit.edge.control.build_controls import controlled, wanted_brokers
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.errors import UsageError
from evosplit.shared.replan import choices

pytestmark = needs_broker

BASE = "evosplit/v1/yard/gate-1"


@dataclass
class Controlled:
    """An agent, and who talks to it through the broker."""

    on: Stage
    reader: Subscriber

    async def set(self, what: str, told: Any, retain: bool = False) -> None:
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        await asyncio.to_thread(self.reader.publish, f"{BASE}/{what}/set", content, retain)

    async def until(self, what: str, holds: Callable[[Any], bool]) -> None:
        """The last message of a topic is such."""

        def is_so() -> bool:
            told = self.reader.of(f"{BASE}/{what}")
            return bool(told) and holds(
                told[-1] if what.endswith("status") else json.loads(told[-1] or b"{}")
            )

        await asyncio.to_thread(self.reader.until, is_so)


@contextlib.asynccontextmanager
async def controlled_stage(folder: Path, port: int, **more: Any) -> AsyncIterator[Controlled]:
    names: dict[str, Any] = {"site": "yard", "name": "gate-1", "mqtt_control": f"mqtt://127.0.0.1:{port}"}
    async with stage(folder / "agent", hooks=False, **names, **more) as on:
        with subscriber(port) as reader:
            async with controlled(on.settings, on.slot):
                told = Controlled(on, reader)
                await told.until("control/status", lambda status: status == b"online")
                yield told
            await told.until("control/status", lambda status: status == b"offline")


async def test_a_plan_is_pinned_and_let_go(tmp_path: Path, unused_tcp_port: int) -> None:
    with broker(tmp_path / "broker", unused_tcp_port):
        async with controlled_stage(tmp_path, unused_tcp_port) as told:
            digest = next(
                plan.digest for plan in choices(told.on.agent.plans.model.table) if plan.cut_key == "3"
            )
            await told.until("plan/state", lambda state: state["automatic"])
            await told.set("plan", {"plan": digest[:10]})
            await told.until("plan/state", lambda state: state["plan"] == digest and state["is_kept"])
            assert (await told.on.post(picture(1)))[1]["plan_digest"] == digest
            with subscriber(unused_tcp_port) as late:  # the state is retained
                await asyncio.to_thread(late.until, lambda: late.of("plan/state") != [])
                assert json.loads(late.of("plan/state")[0])["plan"] == digest
            await told.set("plan", {"automatic": True})
            await told.until("plan/state", lambda state: state["automatic"])


async def test_a_region_and_a_source_are_set(tmp_path: Path, unused_tcp_port: int) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with broker(tmp_path / "broker", unused_tcp_port):
        async with controlled_stage(tmp_path, unused_tcp_port) as told:
            await told.set("region", {"region": [0, 0, 0.5, 1]})
            await told.until("region/state", lambda state: state["region"] == [0, 0, 0.5, 1])
            await told.set("sources/inbox", {"address": f"{pictures}/"})
            await told.until("sources/inbox/state", lambda state: state["state"] == "opening")
            await told.set("sources/inbox", {"rate": 5, "paused": True})
            await told.until("sources/inbox/state", lambda state: state["state"] == "paused")
            await told.until("sources/inbox/state", lambda state: state["rate"] == 5)
            await told.set("sources/inbox", {"paused": False})
            await told.until("sources/inbox/state", lambda state: state["state"] == "opening")
            await told.set("sources/inbox", None)
            await told.until("sources/inbox/state", lambda state: state == {})
            assert told.on.agent.sources.runs == ()


@pytest.mark.parametrize(
    ("what", "content"),
    [("plan", b"\xff"), ("plan", b'{"cut": "77"}'), ("region", b'{"region": [1]}'), ("sources/x", b"null")],
)
async def test_what_is_wrong_is_said_and_changes_nothing(
    tmp_path: Path, unused_tcp_port: int, what: str, content: bytes
) -> None:
    with broker(tmp_path / "broker", unused_tcp_port):
        async with controlled_stage(tmp_path, unused_tcp_port) as told:
            await told.set(what, content)
            await told.until("control/error", lambda error: error["topic"] == f"{BASE}/{what}/set")
            assert told.on.agent.plans.pin is None
            assert told.on.slot.region is None


async def test_a_retained_message_sets_nothing_and_a_broker_that_returns_is_heard(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    folder = tmp_path / "broker"
    with broker(folder, unused_tcp_port), subscriber(unused_tcp_port) as operator:
        await asyncio.to_thread(operator.publish, f"{BASE}/plan/set", b'{"cut": "0"}', True)
        async with controlled_stage(tmp_path, unused_tcp_port) as told:
            await told.set("plan", {"cut": "3"})
            await told.until("plan/state", lambda state: state["cut"] == "3")
    async with stage(tmp_path / "other", hooks=False, name="gate-1", site="yard") as on:
        settings = on.settings.changed(mqtt_control=f"mqtt://127.0.0.1:{unused_tcp_port}")
        async with controlled(settings, on.slot):  # the broker is away
            with broker(folder, unused_tcp_port), subscriber(unused_tcp_port) as reader:
                await Controlled(on, reader).until("control/status", lambda status: status == b"online")


def test_settings_name_brokers(tmp_path: Path) -> None:
    listed = tmp_path / "sinks.yaml"
    listed.write_text("sinks:\n  - {to: mqtt://one, control: true}\n  - {to: mqtt://two}\n")
    made = {"cloud_url": "http://cloud", "model": "net", "sinks": listed, "mqtt_control": "mqtt://one"}
    assert [each.where for each in wanted_brokers(EdgeSettings(**made))] == ["mqtt://one:1883"]
    with pytest.raises(UsageError):
        wanted_brokers(EdgeSettings(**{**made, "mqtt_control": "http://one"}))
