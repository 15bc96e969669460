"""An agent before a near and a far cloud, each a `FakeCloud` with plans of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from edge_support import picture
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle
from patient_session import PatientSession

from evosplit.edge.agent import Agent
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.lifecycle import serving_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.server import make_app
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.token import bearer

FAR_S = 0.4
LOGIN_PAGE = (200, "text/html", b"<html>please log in</html>")
"""What a cloud that is gone at once looks like: whatever asks it gets no answer of a cloud."""


@dataclass
class Pair:
    """The agent, the clouds, and where they are."""

    agent: Agent
    near: FakeCloud
    far: FakeCloud
    urls: tuple[str, str]
    url: str
    client: aiohttp.ClientSession

    @property
    def used(self) -> str:
        """Whose plan is in use."""
        plan = self.agent.plans.plan
        assert plan is not None
        return plan.cloud

    async def post(self, seed: int, stream: str = "", **query: str) -> dict[str, Any]:
        headers = {"X-Evosplit-Stream": stream} if stream else {}
        async with self.client.post(
            f"{self.url}/v1/frames", data=picture(seed), params=query, headers=headers
        ) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def text(self, path: str) -> str:
        async with self.client.get(f"{self.url}{path}") as response:
            return await response.text()


@contextlib.asynccontextmanager
async def two_clouds(
    folder: Path, with_fallback: bool = True, bandwidth_bps: float = 1e12, **settings: Any
) -> AsyncIterator[Pair]:
    graph = load_net(folder)
    path = folder / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph, with_fallback), net_card(graph))
    each = [FakeCloud(graph, net_card(graph), path, digest, bandwidth_bps=bandwidth_bps) for _ in range(2)]
    each[1].rtt_s = FAR_S
    async with contextlib.AsyncExitStack() as stack:
        urls = []
        for cloud in each:
            server = TestServer(cloud.app())
            await server.start_server()
            stack.push_async_callback(server.close)
            urls.append(str(server.make_url("")).rstrip("/"))
        made_up: dict[str, Any] = {"corrections": False, "probe_interval_s": 0.05, "hooks": False}
        options = made_up | settings
        chosen = EdgeSettings(
            cloud_url=tuple(urls), model="net", data=folder / "data", token=TOKEN, **options
        )
        session: Any = PatientSession(await stack.enter_async_context(cloud_session()), each[0])
        bundles = BundleSet({url: Bundle.open(path, digest) for url in urls})
        slot = await stack.enter_async_context(serving_agent(chosen, bundles, TOKEN, session))
        front = TestServer(make_app(slot, TOKEN, chosen.data, chosen.max_body_bytes))
        await front.start_server(auto_decompress=False)
        stack.push_async_callback(front.close)
        client = await stack.enter_async_context(aiohttp.ClientSession(headers=bearer(TOKEN)))
        yield Pair(slot.agent, *each, (urls[0], urls[1]), str(front.make_url("")).rstrip("/"), client)
