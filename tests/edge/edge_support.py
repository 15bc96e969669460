"""Agents that serve the small network of `net_bundle` before a `FakeCloud`, and their clients."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import onnx
from aiohttp.test_utils import TestServer
from fake_cloud import TOKEN, FakeCloud
from net_bundle import MIDDLE_BPS, load_net, make_table, net_card, write_net_bundle
from patient_session import PatientSession
from PIL import Image
from served_app import served_app

from evosplit.cloud.calibration_store import CalibrationStore
from evosplit.edge.agent import Agent
from evosplit.edge.lifecycle import AgentSlot, serving_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.server import make_app
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle, CalibrationKind
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.token import bearer
from tests import models


@dataclass
class Stage:
    """An agent on its own HTTP server, the cloud behind it, and a client session for the agent."""

    slot: AgentSlot
    cloud: FakeCloud
    cloud_server: TestServer
    url: str
    client: aiohttp.ClientSession
    settings: EdgeSettings
    session: Any

    @property
    def agent(self) -> Agent:
        """The agent in service."""
        return self.slot.agent

    @property
    def cloud_url(self) -> str:
        """Where the agent and whoever stands beside it find the cloud."""
        return str(self.cloud_server.make_url("")).rstrip("/")

    async def post(
        self, picture: bytes, headers: dict[str, str] | None = None, **query: str
    ) -> tuple[int, Any]:
        async with self.client.post(
            f"{self.url}/v1/frames", data=picture, params=query, headers=headers
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        async with self.client.get(f"{self.url}{path}", params=query) as response:
            return response.status, await response.json()


@contextlib.asynccontextmanager
async def stage(
    folder: Path,
    with_fallback: bool = True,
    with_card: bool = True,
    cloud_up: bool = True,
    table_of: Callable[[Graph, bool], PlanTable] = make_table,
    model_of: Callable[[], onnx.ModelProto] = models.chain_net,
    calibration: CalibrationKind | None = None,
    promised_drop: float | None = None,
    bandwidth_bps: float = 1e12,
    networks_of: Callable[[Graph], Sequence[Restoration]] = lambda _: (),
    real_timeouts: bool = False,
    without: Collection[str] = ("heartbeat",),
    card_of: Callable[[Graph], Card] = net_card,
    **settings: Any,
) -> AsyncIterator[Stage]:
    folder.mkdir(exist_ok=True)
    graph = load_net(folder, model_of=model_of)
    card = card_of(graph) if with_card else None
    path = folder / "net.evb"
    table, networks = table_of(graph, with_fallback), networks_of(graph)
    digest = write_net_bundle(graph, path, table, card, calibration, promised_drop, networks)
    cloud = FakeCloud(
        graph,
        card,
        path,
        digest,
        bandwidth_bps=bandwidth_bps,
        networks={network.name: network for network in networks},
        calibrations=CalibrationStore(FileObjects(folder / "calibrations")),
    )
    server = TestServer(cloud.app())
    await server.start_server()
    url = str(server.make_url("")) if cloud_up else "http://127.0.0.1:9"
    # The table's seconds are made up, and frames would soon refute them.
    made_up: dict[str, Any] = {"corrections": False, "probe_interval_s": 0.05, "timeout_s": 3.0}
    options = made_up | settings
    chosen = EdgeSettings(cloud_url=url, model="net", data=folder / "data", token=TOKEN, **options)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        session: Any = await stack.enter_async_context(cloud_session())
        if not real_timeouts:
            session = PatientSession(session, cloud)
        bundle = Bundle.open(path, digest)
        slot = await stack.enter_async_context(serving_agent(chosen, bundle, TOKEN, session, without))
        app = make_app(slot, TOKEN, chosen.data, chosen.max_body_bytes)
        address = await stack.enter_async_context(served_app(app))
        client = await stack.enter_async_context(aiohttp.ClientSession(headers=bearer(TOKEN)))
        yield Stage(slot, cloud, server, address, client, chosen, session)


async def use_the_middle(on: Stage, cut_key: str = "3") -> None:
    """The plan that cuts in the middle, all heads built."""
    on.cloud.bandwidth_bps = MIDDLE_BPS
    plans = on.agent.plans
    cuts = {plan.cut_key for plan in choices(plans.model.table)}
    await until(lambda: plans.plan.cut_key == cut_key and plans.heads_ready() == len(cuts))


@contextlib.asynccontextmanager
async def middle_stage(folder: Path, cut_key: str = "3", **options: Any) -> AsyncIterator[Stage]:
    """A stage whose link makes the agent begin with the plan that cuts in the middle."""
    async with stage(folder, bandwidth_bps=MIDDLE_BPS, **options) as on:
        await use_the_middle(on, cut_key)
        yield on


def picture(seed: int = 0, size: tuple[int, int] = (24, 32), kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind)
    return content.getvalue()


async def until(condition: Any, limit_s: float = 240.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never came true"
        await asyncio.sleep(0.01)


async def ready(session: aiohttp.ClientSession, url: str, limit_s: float = 60.0) -> None:
    end_s, soon = time.monotonic() + limit_s, aiohttp.ClientTimeout(total=5)
    while time.monotonic() < end_s:
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with session.get(f"{url}/v2/health/ready", timeout=soon) as response:
                if response.status == 200:
                    return
        await asyncio.sleep(0.1)
    raise AssertionError("the agent was never ready")
