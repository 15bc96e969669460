"""An edge agent as a process of its own, as `evosplit edge` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evosplit.shared.free_ports import free_port
from evosplit.shared.token import TOKEN_VARIABLE
from tests.frame_traffic import Door

READY_LIMIT_S = 240


@contextmanager
def edge_process(
    folder: Path, token: str, clouds: Sequence[str], model: str, *options: str
) -> Iterator[Door]:
    """Its front door, once it is ready; clouds and agent have the same token."""
    port, log = free_port(), folder / "edge.log"
    before = [part for cloud in clouds for part in ("--cloud", cloud)]
    command = [*before, "--model", model, "--port", str(port), "--data", str(folder / "edge"), *options]
    with log.open("ab") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "evosplit.cli", "edge", *command],
            env={**os.environ, TOKEN_VARIABLE: token},
            stdout=told,
            stderr=told,
        )
    door = Door(f"http://127.0.0.1:{port}", None, token)
    try:
        _wait_until_ready(door, process, log)
        yield door
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(door: Door, process: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + READY_LIMIT_S
    while not _is_ready(door):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end_s, log.read_text()
        time.sleep(0.1)


def _is_ready(door: Door) -> bool:
    try:
        door.call("/v2/health/ready")
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    except OSError:  # it does not listen yet
        return False
    return True
