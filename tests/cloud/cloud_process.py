"""A cloud tier as a process of its own, as `evosplit cloud` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evosplit.shared.token import read_token

START = """
import json, sys
from evosplit.cloud.server import CloudSettings, serve_cloud
from evosplit.shared.errors import EvoSplitError
models, data, temp, port, more = sys.argv[1:]
try:
    given = {"models": models, "data": data, "temp": temp, "port": int(port), "threads": 1}
    serve_cloud(CloudSettings(**given, **json.loads(more)))
except EvoSplitError as error:
    sys.exit(f"evosplit: {error}")
"""
READY_LIMIT_S = 180


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    folder: Path
    temp: Path
    port: int
    start_s: float

    @property
    def token(self) -> str:
        return read_token(self.folder / "data" / "token")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


def command(folder: Path, temp: Path, port: int, **more: object) -> list[str]:
    settings = json.dumps(more, default=str)
    return [sys.executable, "-c", START, str(folder), str(folder / "data"), str(temp), str(port), settings]


def start(folder: Path, temp: Path, port: int, within: Sequence[str] = (), **more: object) -> Running:
    """``within``: a command that runs the cloud's command behind it."""
    environment = {name: value for name, value in os.environ.items() if name != "EVOSPLIT_TOKEN"}
    begun_s = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*within, *command(folder, temp, port, **more)],
            cwd="/",
            env=environment,
            stdout=log,
            stderr=log,
        )
    started = Running(process, folder, temp, port, 0.0)
    try:
        while "ready on" not in started.log:
            assert process.poll() is None, started.log
            assert time.monotonic() - begun_s < READY_LIMIT_S, started.log
            time.sleep(0.1)
    except AssertionError:
        started.stop()
        raise
    started.start_s = time.monotonic() - begun_s
    return started
