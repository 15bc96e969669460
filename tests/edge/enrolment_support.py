"""A scene of enrolment: a cloud that has plans, and an agent's settings that ask it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.edge.enrolment.enrol import enrol
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle


@dataclasses.dataclass
class Scene:
    cloud: FakeCloud
    server: TestServer
    settings: EdgeSettings
    session: aiohttp.ClientSession

    async def enrol(self, **changes: object) -> Bundle:
        settings = self.settings.changed(**changes)
        client = PlannerClient(self.session, settings.cloud_url[0], settings.model, settings.token)
        return await enrol(settings, client, retry_s=0.02)


@contextlib.asynccontextmanager
async def enrolment_scene(tmp_path: Path, signer: BundleSigner | None = None) -> AsyncIterator[Scene]:
    graph = load_net(tmp_path)
    path = tmp_path / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph), net_card(graph))
    cloud = FakeCloud(graph, net_card(graph), path, digest, signer=signer)
    server = TestServer(cloud.app())
    await server.start_server()
    url = str(server.make_url(""))
    settings = EdgeSettings(cloud_url=url, model="net", data=tmp_path / "data", token=TOKEN, enrol_wait_s=0.1)
    async with cloud_session() as session:
        yield Scene(cloud, server, settings, session)
    await server.close()
