"""Turns of the demo's strategies: who plays how many frames, and what becomes of ways that fail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from demo_rows import INT8_WAY, JPEG_WAY, PLANNED_WAY, RAW_WAY, SPLIT_WAY

from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.cli.demo.links import parse_demo_link
from evosplit.cli.demo.playback import MIN_ROUNDS, SETTLED_FRAMES, TOO_SLOW_FRAMES, play_link
from evosplit.cli.demo.report_rows import Row
from evosplit.library.client.asynchronous import AsyncClient
from evosplit.shared.errors import InputError


@dataclass
class ScriptedAgent:
    """Answers at once: which tier does is told by strategy; it counts the requests."""

    answered_by: dict[str, str]
    asked: list[str] = field(default_factory=list)
    pictures: dict[str, list[bytes]] = field(default_factory=dict)
    cold_s: dict[str, float] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    async def send(self, picture: bytes, *, stream: str, strategy: str) -> Any:
        self.asked.append(strategy)
        if strategy in self.gone and self.asked.count(strategy) > 2:
            raise InputError("no such plan")
        await asyncio.sleep(self.cold_s.pop(strategy, 0.0))
        self.pictures.setdefault(strategy, []).append(picture)
        tier = self.answered_by.get(strategy, "cloud")
        sent = 0 if tier.startswith("edge") else 1000
        return SimpleNamespace(
            result=SimpleNamespace(wire_bytes=sent, outcome=picture, cut_key="4", answered_by=tier)
        )


def _frames() -> Iterator[DemoFrame]:
    return (DemoFrame(b"%d" % number, lambda _: True) for number in itertools.count())


async def _played(agent: ScriptedAgent) -> dict[str, Row]:
    client = EdgeClient(cast(AsyncClient, agent))
    ways = (PLANNED_WAY, INT8_WAY, JPEG_WAY, RAW_WAY, SPLIT_WAY)
    link, shown = parse_demo_link("ble"), []
    rows = await play_link(
        dict.fromkeys(ways, client), _frames, link, 0.0, lambda name, _: shown.append(name), 0.0
    )
    assert {row.link for row in rows} == {"ble"}
    assert set(shown) == {way.name for way in ways}
    return {row.strategy: row for row in rows}


async def test_ways_take_turns_on_the_same_frames() -> None:
    agent = ScriptedAgent({INT8_WAY.request: "edge"})
    rows = await _played(agent)
    assert rows["planned"].settling_frames == SETTLED_FRAMES
    assert rows["split 4"].frames >= TOO_SLOW_FRAMES
    assert rows["planned"].frames == MIN_ROUNDS
    for way in (JPEG_WAY, RAW_WAY, SPLIT_WAY):
        shown = agent.pictures[way.request]
        assert shown == [b"%d" % number for number in range(len(shown))]


async def test_a_way_that_falls_back_gets_few_frames_and_no_measures() -> None:
    agent = ScriptedAgent({INT8_WAY.request: "edge", RAW_WAY.request: "edge-fallback"})
    rows = await _played(agent)
    raw = rows["raw"]
    assert (raw.frames, raw.fell_back, raw.p50_s, raw.wire_bytes) == (0, TOO_SLOW_FRAMES, None, None)
    assert agent.asked.count(RAW_WAY.request) == TOO_SLOW_FRAMES
    assert rows["planned"].wire_bytes == 1000


async def test_a_way_that_was_slow_once_because_all_was_cold_is_measured() -> None:
    agent = ScriptedAgent({INT8_WAY.request: "edge"}, cold_s={RAW_WAY.request: 0.1})
    rows = await _played(agent)
    assert rows["raw"].frames == MIN_ROUNDS
    assert (rows["raw"].p95_s or 1.0) < 0.1


async def test_a_split_that_other_plans_lack_keeps_what_was_measured() -> None:
    rows = await _played(ScriptedAgent({INT8_WAY.request: "edge"}, gone=(SPLIT_WAY.request,)))
    assert (rows["split 4"].frames, rows["planned"].frames) == (1, MIN_ROUNDS)


async def test_where_every_way_falls_back_nothing_is_measured() -> None:
    fallen = {way.request: "edge-fallback" for way in (INT8_WAY, JPEG_WAY, RAW_WAY, SPLIT_WAY)}
    rows = await _played(ScriptedAgent(fallen))
    assert {name for name, row in rows.items() if row.p50_s is not None} == {"planned"}
