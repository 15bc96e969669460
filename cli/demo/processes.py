"""Child processes that run `evosplit` commands, from start to readiness to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from evosplit.shared.errors import EvoSplitError

START_LIMIT_S = 180.0
STOP_LIMIT_S = 30.0


@dataclass(frozen=True)
class Service:
    """A started `evosplit` command that listens on a port of this machine."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise EvoSplitError with the last line of the log when the process has ended."""
        if self.process.poll() is None:
            return
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise EvoSplitError(f"the {self.name} process ended: {lines[-1] if lines else 'no output'}")


def new_token() -> str:
    """A bearer token for one demo."""
    return secrets.token_urlsafe(24)


@contextlib.asynccontextmanager
async def service(
    name: str,
    arguments: Sequence[str],
    port: int,
    token: str,
    log: Path,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Service]:
    """Start `evosplit name ...`, wait until it is ready, and stop it at the end.

    With ``tls``, what its certificate is verified by, it is asked over HTTPS.
    """
    scheme = "http" if tls is None else "https"
    started = _start(name, arguments, f"{scheme}://127.0.0.1:{port}", token, log)
    try:
        await _ready(started, tls)
        yield started
    finally:
        await asyncio.to_thread(_stop, started.process)


def _start(name: str, arguments: Sequence[str], url: str, token: str, log: Path) -> Service:
    command = [sys.executable, "-m", "evosplit.cli", name, *arguments, "--port", url.rpartition(":")[2]]
    environment = {**os.environ, "EVOSPLIT_TOKEN": token}
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, stdout=sink, stderr=sink, env=environment, start_new_session=True
        )
    return Service(name, url, process, log)


async def _ready(started: Service, tls: ssl.SSLContext | None) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    connector = aiohttp.TCPConnector(ssl=tls or True)
    async with aiohttp.ClientSession(connector=connector) as session:
        while time.monotonic() < deadline_s:
            started.check()
            with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
                async with session.get(f"{started.url}/v2/health/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise EvoSplitError(
        f"the {started.name} process was not ready after {START_LIMIT_S:g} s; see {started.log}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
