"""Enrolment with two clouds: each has its own folder, and one that is away is asked again later."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, middle_only, net_card, write_net_bundle

from evosplit.edge.enrolment.cloud_settings import by_cloud
from evosplit.edge.enrolment.enrol_all import enrol_all
from evosplit.edge.enrolment.note import read_note
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.errors import CloudUnavailableError
from evosplit.shared.expectation import NOTHING_SPARED

AWAY = (502, "text/html", b"<html>bad gateway</html>")


@dataclass
class Scene:
    settings: EdgeSettings
    clients: list[PlannerClient]
    clouds: list[FakeCloud]


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    graph = load_net(folder)
    clouds, servers = [], []
    for number, table_of in enumerate((make_table, middle_only)):
        path = folder / f"{number}.evb"
        digest = write_net_bundle(graph, path, table_of(graph), net_card(graph))
        clouds.append(FakeCloud(graph, net_card(graph), path, digest))
        servers.append(TestServer(clouds[-1].app()))
        await servers[-1].start_server()
    urls = tuple(str(server.make_url("")).rstrip("/") for server in servers)
    given = {"cloud_url": urls, "data": folder / "data", "enrol_wait_s": 0.3, "corrections": False}
    settings = EdgeSettings(model="net", token=TOKEN, **given)
    async with cloud_session() as session:
        yield Scene(settings, [PlannerClient(session, url, "net", TOKEN) for url in urls], clouds)
    for server in servers:
        await server.close()


async def test_each_cloud_makes_plans_and_what_is_kept_serves_the_next_start(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        bundles = await enrol_all(on.settings, on.clients, 0.02)
        assert [bundle.digest for bundle in bundles.by_cloud.values()] == [c.digest for c in on.clouds]
        sent_to = {plan.cloud for plan in bundles.manifest.table.plans if plan.boundary}
        assert sent_to == set(on.settings.cloud_url)
        for cloud in on.clouds:
            cloud.plan_requests.clear()
        turned = on.settings.changed(cloud_url=on.settings.cloud_url[::-1])
        again = await enrol_all(turned, on.clients[::-1], 0.02)
        assert {name: each.digest for name, each in again.by_cloud.items()} == {
            name: each.digest for name, each in bundles.by_cloud.items()
        }
        assert not any(cloud.plan_requests for cloud in on.clouds)


async def test_a_cloud_that_is_away_at_the_first_start_is_met_later(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        near, far = on.settings.cloud_url
        on.clouds[0].page = AWAY
        bundles = await enrol_all(on.settings, on.clients, 0.02)
        assert list(bundles.by_cloud) == [far]
        session = on.clients[0].session
        async with running_agent(on.settings, bundles, TOKEN, session, without=("plans",)) as agent:
            renewal = PlanRenewal(agent.plans, on.settings, on.clients, bundles, lambda: NOTHING_SPARED)
            on.clouds[0].page = None
            assert await renewal.renew("another cloud is there")
            clouds = {plan.cloud for plan in agent.plans.model.table.plans if plan.boundary}
            assert clouds == {near, far}
            assert agent.plans.table_changes == 1
            note = read_note(by_cloud(on.settings)[near])
            assert note is not None
            assert note.bundle == on.clouds[0].digest


async def test_with_no_cloud_at_all_the_first_start_fails(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        for cloud in on.clouds:
            cloud.page = AWAY
        with pytest.raises(CloudUnavailableError, match="the first start needs it"):
            await enrol_all(on.settings, on.clients, 0.02)


async def test_a_cloud_that_refuses_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with scene(tmp_path) as on:
        on.clouds[1].mode = "401"
        bundles = await enrol_all(on.settings, on.clients, 0.02)
        assert list(bundles.by_cloud) == [on.settings.cloud_url[0]]
        assert f"no plans from {on.settings.cloud_url[1]}" in caplog.text
