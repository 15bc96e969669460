"""The stack for real: built, started over TLS, shared by all tests, and taken down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evosplit.shared.free_ports import free_ports
from tests.compose.chain_network import NAME, model_folder
from tests.compose.stack import STARTED, FailedCommandError, Stack

KEEP = "EVOSPLIT_KEEP_STACK"
"""With this variable set, the stack stays for a look at it."""


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> None:
    """Skips where there is none, or where nobody asked for containers."""
    if "compose" not in request.config.getoption("markexpr"):
        pytest.skip("builds and starts containers: run it with make test-compose")
    if not _engine_answers():
        pytest.skip("needs a container engine with compose, and none answers")


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: None
) -> Iterator[Stack]:
    is_smoke = "smoke" in request.config.getoption("markexpr")
    made = _settings(model_folder(tmp_path_factory.mktemp("stack")), is_smoke)
    try:
        _build(made)
        _start(made)
        yield made
    finally:
        if KEEP not in os.environ:
            made.compose("--profile", "*", "down", "--volumes", "--timeout", "10")


def _settings(models: Path, is_smoke: bool) -> Stack:
    ports = free_ports(3)
    base = {
        "EVOSPLIT_MODELS": str(models),
        "EVOSPLIT_MODEL": NAME,
        "EVOSPLIT_SLOWDOWN": "8",  # so that the edge's plans do use the cloud
        "EVOSPLIT_CLOUD_PORT": str(ports[0]),
        "EVOSPLIT_EDGE_PORT": str(ports[1]),
        "EVOSPLIT_PROMETHEUS_PORT": str(ports[2]),
    }
    if is_smoke:
        return Stack(models, base, ("cloud", "edge"))
    whole = {
        "EVOSPLIT_RECORDS": "postgresql://evosplit@database/evosplit",
        "EVOSPLIT_REPLICAS": "2",
        "EVOSPLIT_MIN_REPLICAS": "2",  # one on the head, one on the worker
    }
    return Stack(models, base | whole, STARTED)


def _build(made: Stack) -> None:
    """Side by side: compose would build in the order in which services start."""
    images = ["setup", *(service for service in made.services if service not in ("cloud", "worker"))]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda image: made.compose("build", "--quiet", image), images))


def _start(made: Stack) -> None:
    up = ("up", "--detach", "--no-build", "--wait", "--wait-timeout", "420")
    scale = ("--scale", "worker=1") if "worker" in made.services else ()
    try:
        made.compose(*up, *scale, *made.services)
    except FailedCommandError as failed:
        logs = made.compose("logs", "--no-color", "--tail", "40")
        raise AssertionError(f"{failed}\n{logs}") from None


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "ls"], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0
