"""Heartbeats: what an agent says of itself, how often, and that it does what the cloud asks for."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from edge_support import Stage, middle_stage, picture, stage, until
from fake_cloud import TOKEN
from table_support import offered

from evosplit.edge.enrolment.heartbeats import OLDER_CLOUD_S, Heartbeats
from evosplit.edge.enrolment.note import bundle_place, client_id, wanted, write_note
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.fleet_state import FleetState
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import CloudUnavailableError, UsageError
from evosplit.shared.expectation import NOTHING_SPARED
from evosplit.shared.fleet.agent_identity import edge_name
from evosplit.shared.fleet.heartbeat import MOST_BYTES, Audited, HeartbeatAnswer
from evosplit.shared.fleet.place import Place
from evosplit.shared.link import Link
from evosplit.shared.serial import to_json

pytestmark = pytest.mark.usefixtures("measured_here")

HERE = Place(51.5, -0.12, "North gate")


@dataclasses.dataclass
class Beating:
    """Heartbeats beside an agent, its renewal, and what that was told."""

    beats: Heartbeats
    renewal: PlanRenewal
    wishes: list[tuple[str, str]]


@contextlib.asynccontextmanager
async def beating(on: Stage, tmp_path: Path) -> AsyncIterator[Beating]:
    settings = EdgeSettings(cloud_url=on.cloud_url, model="net", data=tmp_path / "data", token=TOKEN)
    assert on.cloud.bundle is not None
    bundle_place(settings, on.cloud.digest).write_bytes(on.cloud.bundle.read_bytes())
    write_note(settings, dataclasses.replace(wanted(settings), bundle=on.cloud.digest))
    async with aiohttp.ClientSession() as session:
        client = PlannerClient(session, on.cloud_url, "net", TOKEN, "gate-7")
        bundle = Bundle.open(on.cloud.bundle, on.cloud.digest)
        renewal = PlanRenewal(on.agent.plans, settings, [client], bundle, lambda: NOTHING_SPARED)
        link, wishes = LinkState(Link(8e6)), []
        checks = on.agent.plan_audits
        audited = lambda: Audited() if checks is None else checks.audited  # noqa: E731
        who = client_id(settings.data), "gate-7"
        profile, plans = on.agent.profile, on.agent.plans
        parts = (who, None, plans, link, profile, on.agent.spool, audited)
        state = FleetState(*parts, lambda: renewal.refused, HERE)

        def wish(reason: str, wanted_bundle: str) -> None:
            wishes.append((reason, wanted_bundle))
            renewal.wish(reason, wanted_bundle)

        yield Beating(
            Heartbeats(client, on.agent.cloud, state.beat, wish, lambda low, high: low), renewal, wishes
        )


async def test_an_agent_says_how_it_is(tmp_path: Path) -> None:
    staged = middle_stage(tmp_path, promised_drop=0.01, hooks=False)
    async with staged as on, beating(on, tmp_path) as one_edge:
        on.cloud.heartbeat_answer = HeartbeatAnswer("gate-7", 5.0)
        for seed in range(3):
            assert (await on.post(picture(seed)))[0] == 200
        await on.agent.frames.drain()
        assert await one_edge.beats.beat() == 5.0
        assert one_edge.beats.name == "gate-7"
        (said,) = on.cloud.heartbeats
        assert (said.name, said.bundle, said.frames, said.table) == ("gate-7", on.cloud.digest, 3, 0)
        assert said.plan is not None
        assert (said.plan.cut_key, said.plan.digest) == ("3", on.agent.plans.plan.digest)
        assert (said.audited.promised, said.place) == (0.99, HERE)
        assert said.audited.audits == on.agent.plan_audits.state.audits
        assert len(to_json(said)) < MOST_BYTES / 4
        await one_edge.beats.beat()
        assert [beat.beat for beat in on.cloud.heartbeats] == [1, 2]
        assert one_edge.wishes == []


async def test_a_bundle_that_is_rolled_out_is_taken_up(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, beating(on, tmp_path) as one_edge:
        digest = offered(on, tmp_path)
        on.cloud.heartbeat_answer = HeartbeatAnswer("gate-7", 5.0, "it is rolled out", digest)
        await one_edge.beats.beat()
        running = asyncio.create_task(one_edge.renewal.run())
        await until(lambda: on.agent.plans.heads.bundle == digest)
        on.cloud.heartbeat_answer = HeartbeatAnswer("gate-7", 5.0)
        await one_edge.beats.beat()
        assert (on.cloud.heartbeats[-1].bundle, on.cloud.heartbeats[-1].table) == (digest, 1)
        running.cancel()
        assert one_edge.wishes == [("it is rolled out", digest)]


async def test_a_bundle_that_cannot_be_used_is_refused_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, beating(on, tmp_path) as one_edge:
        before = on.agent.plans.heads.bundle
        digest = offered(on, tmp_path, bits=5)
        on.cloud.heartbeat_answer = HeartbeatAnswer("gate-7", 5.0, "it is rolled out", digest)
        await one_edge.beats.beat()
        running = asyncio.create_task(one_edge.renewal.run())
        await until(lambda: one_edge.renewal.refused == digest)
        asked = len(on.cloud.plan_requests)
        await one_edge.beats.beat()
        await asyncio.sleep(0)
        running.cancel()
        assert on.cloud.heartbeats[-1].refused == digest
        assert len(on.cloud.plan_requests) == asked
        assert on.agent.plans.heads.bundle == before


async def test_a_cloud_without_a_fleet_is_seldom_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, beating(on, tmp_path) as one_edge:
        assert await one_edge.beats.beat() == OLDER_CLOUD_S


async def test_a_cloud_that_is_away_is_not_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, beating(on, tmp_path) as one_edge:
        on.agent.cloud.failed(CloudUnavailableError("gone"))
        if on.agent.cloud.circuit.is_open:
            assert await one_edge.beats.beat() == one_edge.beats.interval_s
            assert on.cloud.heartbeats == []


async def test_a_metered_link_carries_fewer(tmp_path: Path) -> None:
    async with stage(tmp_path, traffic="1MB/month") as on, beating(on, tmp_path) as one_edge:
        on.cloud.heartbeat_answer = HeartbeatAnswer("gate-7", 5.0)
        before = on.agent.cloud.meter.traffic.used_bytes
        assert await one_edge.beats.beat() > 600
        assert on.agent.cloud.meter.traffic.used_bytes > before


def test_names_of_edges() -> None:
    assert edge_name(None, "1a2b3c4d5e6f7a8b") == "1a2b3c4d5e6f7a8b"
    assert edge_name("yard", "1a2b3c4d5e6f7a8b") == "yard"
    assert edge_name("yard", "north") == "yard/north"
    for odd in ("", "a b", "../a", "a/b", "x" * 65):
        with pytest.raises(UsageError, match="not the name of an edge"):
            edge_name(None, odd)
    with pytest.raises(UsageError, match="not the name of an agent"):
        EdgeSettings(cloud_url="http://x", model="net", name="a b")
