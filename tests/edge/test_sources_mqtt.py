"""Pictures as MQTT payloads, from a real Mosquitto, published by another client (paho)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from broker_support import broker, needs_broker, subscriber
from edge_support import picture, stage, until

from evosplit.edge.sources.mqtt import ROOM, MqttSource
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import source_settings
from evosplit.shared.errors import UsageError


def _source(port: int, **told: Any) -> MqttSource:
    return MqttSource(source_settings({"name": "gate", "address": f"mqtt://127.0.0.1:{port}/cams/+", **told}))


@needs_broker
@pytest.mark.parametrize(("take", "kept"), [("latest", 1), ("all", ROOM)])
async def test_a_slow_reader_gets_the_newest(
    tmp_path: Path, unused_tcp_port: int, take: str, kept: int
) -> None:
    with broker(tmp_path, unused_tcp_port), subscriber(unused_tcp_port) as camera:
        frames = _source(unused_tcp_port, take=take).frames()
        first = asyncio.create_task(anext(frames))
        while not first.done():  # until the source is subscribed
            await asyncio.to_thread(camera.publish, "cams/gate", b"first")
            await asyncio.sleep(0.01)
        for number in range(40):
            await asyncio.to_thread(camera.publish, "cams/gate", b"%d" % number)
        await asyncio.to_thread(camera.until, lambda: camera.of("cams/gate")[-1:] == [b"39"])
        got = [await anext(frames)]
        while got[-1].content != b"39":
            got.append(await anext(frames))
        assert len(got) < kept + 10  # the last ones may still have been on their way
        numbers = [frame.number for frame in got]
        assert numbers == sorted(set(numbers))
        await frames.aclose()


@needs_broker
async def test_a_broker_that_ends_is_an_error(tmp_path: Path, unused_tcp_port: int) -> None:
    async with contextlib.aclosing(_source(unused_tcp_port).frames()) as frames:
        with pytest.raises(SourceError, match="is away"):
            await anext(frames)
    async with contextlib.aclosing(_source(unused_tcp_port).frames()) as frames:
        with broker(tmp_path, unused_tcp_port), subscriber(unused_tcp_port) as camera:
            first = asyncio.create_task(anext(frames))
            while not first.done():
                await asyncio.to_thread(camera.publish, "cams/gate", b"first")
                await asyncio.sleep(0.01)
        with pytest.raises(SourceError, match="is away"):
            await _until_it_ends(frames)


async def _until_it_ends(frames: AsyncIterator[SourceFrame]) -> None:
    async for _ in frames:
        pass


@needs_broker
async def test_an_agent_answers_pictures_of_a_topic(tmp_path: Path, unused_tcp_port: int) -> None:
    with broker(tmp_path / "broker", unused_tcp_port), subscriber(unused_tcp_port) as camera:
        async with stage(tmp_path / "agent", hooks=False) as on:
            told = {"address": f"mqtt://127.0.0.1:{unused_tcp_port}/cams/gate"}
            async with on.client.put(f"{on.url}/v1/sources/gate", json=told) as answer:
                assert answer.status == 200
            await asyncio.to_thread(camera.publish, "cams/gate", picture(1), True)
            await until(lambda: on.agent.sources.runs[0].state.taken == 1)
            page = (await on.get("/v1/results", stream="gate"))[1]
            assert [result["answered_by"] for result in page["results"]] == ["cloud"]


def test_addresses_have_a_topic_and_silence_is_no_fault() -> None:
    for address in ("mqtt://host", "mqtt://host/", "mqtt:///topic"):
        with pytest.raises(UsageError, match="topic"):
            source_settings({"name": "gate", "address": address})
    told = source_settings({"name": "gate", "address": "mqtt://me:secret@host/a/b"})
    assert told.where == "mqtt://host/a/b"
    assert told.may_be_silent
    assert not source_settings({"name": "gate", "address": "rtsp://host/a", "take": "all"}).may_be_silent
