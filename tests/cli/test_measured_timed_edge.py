"""Timed edge and a whole band run, against a cloud that is played in this process."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np
from aiohttp.test_utils import TestServer
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_plans, middle_only, net_card

from evosplit.cli.measured.band_run import measure_bands
from evosplit.cli.measured.device_pair import FasterCloud, Pair
from evosplit.cli.measured.playback import Rounds
from evosplit.cli.measured.tiers import ServedModel
from evosplit.cli.measured.timed_edge import Played, TimedEdge, opened_heads
from evosplit.cli.measured.ways import Way, held_to, listed
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable

LINKS = [Link(1e6, 0.02), Link(8e6, 0.02)]


@dataclass(frozen=True)
class NotedLinks:
    """A bench whose shaper only notes what it is set to."""

    links: list[Link] = field(default_factory=list)

    @property
    def shaper(self) -> NotedLinks:
        return self

    def set_link(self, link: Link) -> None:
        self.links.append(link)


@dataclass(frozen=True)
class FewPlans:
    """The plans of a chart: one split that is served, beside the edge alone."""

    table: PlanTable
    alone: Plan
    middle: Plan

    @property
    def teacher(self) -> Plan:
        return self.middle

    def plain(self, _link: Link) -> dict[str, Way]:
        return {"edge": held_to(self.alone), "cloud-raw": Way("cloud-raw")}

    def fixed_splits(self, _links: list[Link]) -> dict[str, Way]:
        return {f"split:{self.middle.cut_key}": held_to(self.middle)}


@contextlib.asynccontextmanager
async def stage(folder: Path, speedup: float = 1.0) -> AsyncIterator[tuple[FakeCloud, TimedEdge, FewPlans]]:
    graph = load_net(folder)
    _, middle, alone = make_plans(graph, 3)
    cloud = FakeCloud(graph, net_card(graph))
    frames = [np.full((24, 32, 3), level, np.uint8) for level in (0, 128)]
    async with TestServer(cloud.app()) as server, aiohttp.ClientSession() as session:
        uplink = FasterCloud(session, str(server.make_url("")), graph.name, TOKEN, speedup)
        played, heads = Played(graph, net_card(graph), frames), opened_heads(graph, [middle, alone])
        edge = TimedEdge(uplink, played, Pair(1.0, speedup), heads)
        try:
            yield cloud, edge, FewPlans(middle_only(graph, with_fallback=False), alone, middle)
        finally:
            edge.close()


async def test_frames_go_the_way_that_is_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as (cloud, edge, plans):
        alone, split = await edge.send(held_to(plans.alone), 0), await edge.send(held_to(plans.middle), 1)
        raw = await edge.send(Way("cloud-raw"), 2)
        assert alone is not None
        assert split is not None
        assert raw is not None
        assert (alone.wire_bytes, split.cut_key, raw.cut_key) == (0, "3", "0")
        assert raw.wire_bytes > split.wire_bytes > 0
        assert cloud.inferences == 2


async def test_a_faster_cloud_tells_a_part_of_its_seconds(tmp_path: Path) -> None:
    async with stage(tmp_path, speedup=1e6) as (_, edge, plans):
        answer = await edge.send(held_to(plans.middle), 0)
        assert answer is not None
        assert answer.breakdown.tail_s < 1e-5
        assert answer.breakdown.uplink_s > 0
        assert 0 < answer.latency_s < answer.breakdown.total_s


async def test_the_agent_settles_on_the_plan_of_a_table_that_is_faster(tmp_path: Path) -> None:
    async with stage(tmp_path) as (cloud, edge, plans):
        slow = dataclasses.replace(plans.middle, latency=Latency(60.0, 0.1, 0.1))
        table = dataclasses.replace(plans.table, breakpoints_bps=(1e5,), plans=(plans.alone, slow))
        await edge.learnt(None)
        assert (await edge.settled(table)).cut_key == plans.alone.cut_key
        assert cloud.inferences == 0


async def test_nobody_answers_in_the_place_of_a_cloud_that_refuses(tmp_path: Path) -> None:
    async with stage(tmp_path) as (cloud, edge, plans):
        cloud.mode = "500"
        assert [await edge.send(held_to(plans.middle), number) for number in range(5)] == [None] * 5
        cloud.mode = "ok"
        assert await edge.send(held_to(plans.middle), 0) is not None


async def test_a_band_run_has_a_row_for_every_way_on_every_link(tmp_path: Path) -> None:
    bench, rounds = NotedLinks(), Rounds(seconds=0.0, fewest=2, most=2)
    async with stage(tmp_path) as (_, edge, plans):
        rows = await measure_bands(bench, edge, plans, LINKS, rounds)
    assert bench.links == LINKS
    names = ["planned", "edge", "cloud-raw", "split:3"]
    assert [(row.bandwidth_bps, row.strategy) for row in rows] == [
        (link.bandwidth_bps, name) for link in LINKS for name in names
    ]
    assert all(row.latency_s is not None and row.missed == 0 for row in rows)
    by_name = {row.strategy: row for row in rows}
    assert by_name["planned"].latency_s == by_name["split:3"].latency_s
    assert (by_name["edge"].wire, by_name["split:3"].wire) == ("", "8 bits")


def test_plans_of_a_list_are_all_in_one_table(tmp_path: Path) -> None:
    _, middle, alone = make_plans(load_net(tmp_path), 3)
    table = listed([middle, alone], alone)
    assert (table.plans, table.fallback, len(table.breakpoints_bps)) == ((middle, alone), alone, 1)


def test_a_served_model_brings_its_card_and_its_shapes(tmp_path: Path) -> None:
    load_net(tmp_path)
    card = tmp_path / "card.yaml"
    card.write_text("version: 1\n")
    ServedModel(tmp_path / "net.onnx", card, (("x", (1, 3, 16, 16)),)).install(tmp_path / "models")
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {"net.onnx", "net.yaml", "net.shape.yaml"}
