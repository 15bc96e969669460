"""The Debian package on emulated 64-bit Arm: the agent starts there, enrols, and answers frames.

Its kernels are compiled for that processor, and what it encodes is decoded by ours. QEMU emulates every
instruction, so that the whole takes minutes: ``make test-aarch64``, as root.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from edge_support import picture, ready
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle

from evosplit.shared.free_ports import free_port
from evosplit.shared.token import bearer

PACKAGE = "EVOSPLIT_ARM_PACKAGE"
"""The path of the package: ``make test-aarch64`` builds it."""
INSIDE = "python3.11,adduser,ca-certificates"

pytestmark = [pytest.mark.emulated, pytest.mark.timeout(2400)]


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian 12 of 64-bit Arm with the package installed."""
    if os.getuid() != 0 or shutil.which("mmdebstrap") is None or shutil.which("qemu-aarch64-static") is None:
        pytest.skip("needs root, mmdebstrap and qemu-user-static")
    if PACKAGE not in os.environ:
        pytest.skip(f"needs the package's path in {PACKAGE}: make test-aarch64")
    subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], check=False, capture_output=True)
    folder = tmp_path_factory.mktemp("arm") / "root"
    _run("mmdebstrap", "--arch=arm64", "--variant=minbase", f"--include={INSIDE}", "bookworm", folder)
    shutil.copy(os.environ[PACKAGE], folder / "opt" / "evosplit.deb")
    _run("chroot", folder, "dpkg", "--install", "/opt/evosplit.deb")
    return folder


@contextlib.asynccontextmanager
async def agent(root: Path, cloud_url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    (root / "opt" / "token").write_text(TOKEN)
    options = ("--cloud", cloud_url, "--model", "net", "--port", str(port), "--token-file", "/opt/token")
    command = ("chroot", str(root), "/usr/bin/evosplit", "edge", *options, "--data", "/var/lib/evosplit")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def test_the_agent_answers_alone_and_with_the_cloud(root: Path, tmp_path: Path) -> None:
    assert _run("chroot", root, "python3.11", "-c", "import os; print(os.uname().machine)") == "aarch64\n"
    graph = load_net(tmp_path)
    path = tmp_path / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph), net_card(graph))
    server = TestServer(FakeCloud(graph, net_card(graph), path, digest).app())
    await server.start_server()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with (
        aiohttp.ClientSession(headers=bearer(TOKEN)) as session,
        agent(root, str(server.make_url("")), port),
    ):
        await ready(session, url, limit_s=1800)
        for strategy, answered_by in (("edge", "edge"), ("cut:3", "cloud"), ("cloud-raw", "cloud")):
            asked = f"{url}/v1/frames?strategy={strategy}"
            async with session.post(asked, data=picture(1)) as response:
                answer = await response.json()
            assert (response.status, answer["answered_by"]) == (200, answered_by), answer
    await server.close()
