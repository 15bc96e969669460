"""Broker, webhook target and cloud killed (SIGKILL) for a minute each, one after another, under traffic.

Two streams of frames to a real agent that sends each result to a real Mosquitto, to a receiver of webhooks
and to its cloud, each a process of its own. What the agent has in its log is compared with what has arrived
at each: what is lost, what came twice, what came behind a later one. ``QUICK=1``: away for 5 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiomqtt

from benchmarks.link.both_tiers import Tiers, both_tiers
from benchmarks.link.killable_process import KillableProcess, mosquitto, webhook_receiver
from benchmarks.report import write_result

NETWORK: Final = "squeezenet1.1"
STREAMS: Final = ("north", "south")
PER_S: Final = 5.0
QUICK: Final = bool(os.environ.get("QUICK"))
AWAY_S: Final = 5.0 if QUICK else 60.0
BETWEEN_S: Final = 3.0 if QUICK else 10.0
TARGETS: Final = {"lost": 0, "twice": 0, "out_of_order": 0}
_LIMIT_S: Final = 120.0
_PAGE: Final = 1000
_SILENCE_S: Final = 5.0
_KEPT: Final = ("persistence true", "autosave_interval 0", "max_queued_messages 0")
"""A subscription outlives the broker; it is saved when the broker is told to, by SIGUSR1."""

Place = tuple[str, str]
"""Stream and frame of a result."""


@dataclass(frozen=True)
class Outside:
    """The processes that results are sent to, and what has come over MQTT."""

    broker: KillableProcess
    receiver: KillableProcess
    file: Path
    published: list[Place]


def main() -> None:
    """Measure and write the result."""
    with tempfile.TemporaryDirectory(prefix="evosplit-sinks-") as name:
        result = asyncio.run(_measured(Path(name)))
    write_result("sinks_away", {"targets": TARGETS, "network": NETWORK, "away_s": AWAY_S, **result})


async def _measured(folder: Path) -> dict[str, Any]:
    file = folder / "received"
    place = f"persistence_location {folder}/"
    with mosquitto(folder, place, *_KEPT) as broker, webhook_receiver(file) as receiver:
        outside = Outside(broker, receiver, file, [])
        sinks = folder / "sinks.yaml"
        addresses = (f"mqtt://127.0.0.1:{broker.port}", f"http://127.0.0.1:{receiver.port}/hook", "cloud")
        sinks.write_text("sinks:\n" + "".join(f"  - to: {address}\n" for address in addresses))
        subscribed = asyncio.Event()
        reading = asyncio.create_task(_read(outside, subscribed))
        await subscribed.wait()
        broker.signal(signal.SIGUSR1)
        try:
            async with both_tiers(NETWORK, ("--sinks", str(sinks), "--name", "gate")) as tiers:
                return await _played(tiers, outside)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _played(tiers: Tiers, outside: Outside) -> dict[str, Any]:
    await tiers.send(0, stream="first")
    sending = [asyncio.create_task(_camera(tiers, stream)) for stream in STREAMS]
    away_s = {}
    parts: tuple[tuple[str, Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]], ...] = (
        ("broker", _threaded(outside.broker.kill), _threaded(outside.broker.start)),
        ("webhook", _threaded(outside.receiver.kill), _threaded(outside.receiver.start)),
        ("cloud", tiers.cloud.kill, tiers.cloud.start),
    )
    for name, kill, start in parts:
        await asyncio.sleep(BETWEEN_S)
        await kill()
        killed_s = time.perf_counter()
        await asyncio.sleep(max(AWAY_S - (tiers.cloud.start_s if name == "cloud" else 0.0), 0.0))
        await start()
        away_s[name] = time.perf_counter() - killed_s
    await asyncio.sleep(BETWEEN_S)
    for task in sending:
        task.cancel()
    frames = 1 + sum(counts[0] for counts in await asyncio.gather(*sending))
    return {"were_away_s": away_s, **await _compared(tiers, outside, frames)}


def _threaded(work: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    return lambda: asyncio.to_thread(work)


async def _camera(tiers: Tiers, stream: str) -> tuple[int, int]:
    """Frames at `PER_S` until it is cancelled; how many were sent, and answered by now."""
    sent = answered = 0
    next_s = time.perf_counter()
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            sent += 1
            status, _ = await asyncio.shield(tiers.send(sent, stream=stream, frame_id=f"{stream}-{sent}"))
            answered += status == 200
            next_s += 1 / PER_S
            await asyncio.sleep(max(next_s - time.perf_counter(), 0.0))
    return sent, answered


async def _read(outside: Outside, subscribed: asyncio.Event) -> None:
    """Note what is published, in a session that outlives broker and connection."""
    while True:
        with contextlib.suppress(aiomqtt.MqttError):
            port = outside.broker.port
            async with aiomqtt.Client("127.0.0.1", port, identifier="reader", clean_session=False) as client:
                await client.subscribe("evosplit/v1/+/+/+/result", qos=1)
                subscribed.set()
                async for message in client.messages:
                    outside.published.append(_place(json.loads(str(message.payload, "utf-8"))["result"]))
        await asyncio.sleep(0.1)


def _place(result: dict[str, Any]) -> Place:
    return result["stream"], result["frame_id"]


async def _compared(tiers: Tiers, outside: Outside, frames: int) -> dict[str, Any]:
    """What has arrived, once it is all there or no more is to be hoped for."""
    end_s, made = time.perf_counter() + _LIMIT_S, await _log(tiers)
    while True:
        posted = [_place(json.loads(line)["result"]) for line in outside.file.read_bytes().splitlines()]
        arrived = {"broker": outside.published, "webhook": posted, "cloud": await _kept(tiers)}
        is_whole = all(set(places) >= set(made) for places in arrived.values())
        if is_whole or time.perf_counter() > end_s:
            break
        await asyncio.sleep(1.0)
    return {
        "frames": frames,
        "results": len(set(made)),
        "sinks": {name: _verdict(made, places) for name, places in arrived.items()},
    }


async def _log(tiers: Tiers) -> list[Place]:
    """All results of the agent, in the order of its log."""
    made: list[Place] = []
    async with tiers.session.get(f"{tiers.edge.url}/v1/events", params={"after": "0"}) as reply:
        with contextlib.suppress(asyncio.TimeoutError):
            while line := await asyncio.wait_for(reply.content.readline(), _SILENCE_S):
                if line.startswith(b"data: "):
                    made.append(_place(json.loads(line[6:])["result"]))
    return made


async def _kept(tiers: Tiers) -> list[Place]:
    """What the cloud has, in the order in which it came in."""
    kept: list[Place] = []
    query = {"order": "asc", "limit": f"{_PAGE}"}
    while True:
        async with tiers.session.get(f"{tiers.cloud.url}/v1/results", params=query) as reply:
            page = await reply.json()
        kept += [_place(result) for result in page["results"]]
        if page["next_cursor"] is None:
            return kept
        query["cursor"] = page["next_cursor"]


def _verdict(made: Sequence[Place], arrived: Sequence[Place]) -> dict[str, int]:
    """``out_of_order``: what came behind a later result of its stream."""
    turn_of = {place: turn for turn, place in enumerate(made)}
    furthest, early = dict.fromkeys({stream for stream, _ in arrived}, -1), 0
    for place in dict.fromkeys(arrived):
        turn = turn_of.get(place, -1)
        early += turn < furthest[place[0]]
        furthest[place[0]] = max(furthest[place[0]], turn)
    distinct = set(arrived)
    return {
        "arrived": len(arrived),
        "lost": len(set(made) - distinct),
        "twice": len(arrived) - len(distinct),
        "out_of_order": early,
    }


if __name__ == "__main__":
    main()
