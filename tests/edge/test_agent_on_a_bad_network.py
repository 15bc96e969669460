"""An agent as a process behind a real link: dropped packets, another address, no names, no carrier.

Each knock leaves an agent that answers; each frame has exactly one result in the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from edge_support import picture, ready
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle

from evosplit.shared.token import bearer
from tests.network_namespace import Device, device

REPOSITORY = Path(__file__).resolve().parents[2]
PORT = 8090
TIMEOUT_S = 1.0
NAME = "cloud.example"


@dataclass
class Field:
    """A device, the clouds that its name server may name, and what became of its frames."""

    place: Device
    folder: Path
    clouds: tuple[FakeCloud, ...]
    port: int
    session: aiohttp.ClientSession
    answered: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.place.address}:{PORT}"

    def name(self, *addresses: str) -> None:
        """Have the cloud's name mean these addresses from now on."""
        self.place.hosts.write_text("".join(f"{address} {NAME}\n" for address in addresses))

    @contextlib.asynccontextmanager
    async def agent(self) -> AsyncIterator[None]:
        command = [sys.executable, "-m", "evosplit.cli", "edge", "--cloud", f"http://{NAME}:{self.port}"]
        options = [
            "--model",
            "net",
            "--host",
            "0.0.0.0",  # noqa: S104 - all of its addresses are in the test's namespace
            "--port",
            str(PORT),
            "--no-hooks",
            "--no-corrections",
        ]
        log = (self.folder / "log").open("ab")
        process = await asyncio.create_subprocess_exec(
            *self.place.command(*command, *options, "--data", str(self.folder / "data")),
            cwd=REPOSITORY,
            env={**os.environ, "EVOSPLIT_TOKEN": TOKEN, "EVOSPLIT_EDGE_TIMEOUT_S": f"{TIMEOUT_S}"},
            stderr=log,
        )
        try:
            await ready(self.session, self.url)
            yield
        finally:
            process.terminate()
            log.close()
            assert await process.wait() == 0

    async def until(self, is_enough: Callable[[str], bool]) -> None:
        """Send frames until one is answered so."""
        for _ in range(600):
            frame_id = f"f{len(self.answered)}"
            sending = self.session.post(f"{self.url}/v1/frames?frame_id={frame_id}", data=picture(1))
            async with sending as response:
                answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            self.answered[frame_id] = str(answer["answered_by"])
            if is_enough(self.answered[frame_id]):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came true: {list(self.answered.values())[-20:]}")

    async def check(self) -> None:
        """Each frame has the one result that its client got."""
        async with self.session.get(f"{self.url}/v1/results?limit=1000") as response:
            kept = (await response.json())["results"]
        assert {result["frame_id"]: result["answered_by"] for result in kept} == self.answered
        assert len(kept) == len(self.answered)
        assert "Traceback" not in (self.folder / "log").read_text()


@pytest.fixture
async def on(tmp_path: Path, measured_here: None) -> AsyncIterator[Field]:
    graph = load_net(tmp_path)
    path, card = tmp_path / "net.evb", net_card(graph)
    digest = write_net_bundle(graph, path, make_table(graph), card)
    clouds = tuple(FakeCloud(graph, card, path, digest) for _ in range(2))
    async with contextlib.AsyncExitStack() as stack:
        place = stack.enter_context(device(tmp_path))
        port = 0
        for cloud, address in zip(clouds, place.cloud_addresses, strict=True):
            server = TestServer(cloud.app(), host=address, port=port or None)
            await stack.enter_async_context(server)
            port = server.port or 0
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=bearer(TOKEN)))
        yield Field(place, tmp_path, clouds, port, session)


def by_cloud(answered_by: str) -> bool:
    return answered_by == "cloud"


def alone(answered_by: str) -> bool:
    return answered_by == "edge-fallback"


async def test_an_agent_outlives_what_networks_do(on: Field) -> None:
    first, second = on.place.cloud_addresses
    on.name(first)
    async with on.agent():
        await on.until(by_cloud)
        with on.place.dropping():  # connections stay open at both ends, and say nothing
            await on.until(alone)
            await asyncio.sleep(2 * TIMEOUT_S)
            await on.until(alone)
        await on.until(by_cloud)

        asked = on.clouds[1].inferences
        on.name(second)
        on.clouds[0].mode = "hang"  # another machine has its address now, and says nothing
        await on.until(by_cloud)
        assert on.clouds[1].inferences > asked

        with on.place.unplugged():
            on.name()
            await on.until(alone)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind((first, 53))  # a name server that takes questions and never answers
            on.place.resolv.write_text(f"nameserver {first}\n")
            on.clouds[1].mode = "cut-off"
            await on.until(alone)
            await on.until(alone)
        on.name(second)
        on.clouds[1].mode = "ok"
        await on.until(by_cloud)
        await on.check()

    on.name()
    with on.place.unplugged():
        async with on.agent():
            await on.until(alone)
            await on.check()
