"""The agent as a process: first start, stopped with a frame under way, started again without a cloud."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from edge_support import picture, ready, until
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle

from evosplit.edge.server import EdgeSettings, serve_edge
from evosplit.shared.errors import PortInUseError, StoreError, UsageError
from evosplit.shared.free_ports import free_port
from evosplit.shared.token import bearer

REPOSITORY = Path(__file__).resolve().parents[2]
START = """
import sys, logging
from pathlib import Path
from evosplit.edge.server import EdgeSettings, serve_edge
from evosplit.shared.errors import EvoSplitError
logging.basicConfig(level=logging.INFO)
url, data, port = sys.argv[1:]
try:
    given = {"cloud_url": url, "data": Path(data), "port": int(port)}
    serve_edge(EdgeSettings(model="net", token="a-test-token", **given))
except EvoSplitError as error:
    sys.exit(f"{type(error).__name__}: {error}")
loaded = {"ray", "pulp", "matplotlib", "torch", "evosplit.planner", "evosplit.cloud"} & set(sys.modules)
sys.exit(f"loaded {loaded}" if loaded else 0)
"""


@contextlib.asynccontextmanager
async def agent(url: str, data: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", START, url, str(data), str(port)),
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_from_the_first_start_to_a_restart_without_a_cloud(tmp_path: Path) -> None:
    graph = load_net(tmp_path)
    path = tmp_path / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph), net_card(graph))
    cloud = FakeCloud(graph, net_card(graph), path, digest)
    server = TestServer(cloud.app())
    await server.start_server()
    port, data = free_port(), tmp_path / "data"
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(headers=bearer(TOKEN)) as session:
        async with agent(str(server.make_url("")), data, port) as process:
            await ready(session, url)
            cloud.mode = "wait"
            cloud.go_on.clear()
            sending = asyncio.create_task(
                _post(session, f"{url}/v1/frames?frame_id=last&strategy=cloud-raw", picture(1))
            )
            await until(lambda: any(path.endswith("infer") for path in cloud.calls))
            process.send_signal(signal.SIGTERM)
            cloud.go_on.set()
            status, answer = await sending
            assert (status, answer["answered_by"]) == (200, "cloud")
            _, errors = await asyncio.wait_for(process.communicate(), 20)
            assert TOKEN.encode() not in errors
            assert process.returncode == 0, errors.decode()
        await server.close()
        async with agent("http://127.0.0.1:9", data, port) as process:
            await ready(session, url)
            async with session.get(f"{url}/v1/results/last") as response:
                assert await response.json() == answer
            status, alone = await _post(session, f"{url}/v1/frames", picture(1))
            assert (status, alone["answered_by"]) == (200, "edge-fallback")
            process.send_signal(signal.SIGKILL)
            await process.wait()


async def _post(session: aiohttp.ClientSession, url: str, content: bytes) -> tuple[int, dict[str, object]]:
    async with session.post(url, data=content) as response:
        return response.status, await response.json()


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = EdgeSettings(cloud_url="http://127.0.0.1:9", model="net", data=tmp_path, port=port)
        with pytest.raises(PortInUseError, match=str(port)):
            serve_edge(settings)


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    settings = EdgeSettings(cloud_url="http://127.0.0.1:9", model="net", data=tmp_path / "data", port=0)
    with pytest.raises(StoreError, match="data directory"):
        serve_edge(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cloud_url": "cloud:8000"},
        {"model": "../etc"},
        {"slowdown": 0.5},
        {"threads": 0},
        {"host": "no host"},
    ],
)
def test_wrong_settings_are_wrong_usage(tmp_path: Path, wrong: dict[str, object]) -> None:
    fields = {"cloud_url": "http://127.0.0.1:9", "model": "net", "data": tmp_path, "port": 0, **wrong}
    with pytest.raises(UsageError):
        serve_edge(EdgeSettings(**fields))  # type: ignore[arg-type]
