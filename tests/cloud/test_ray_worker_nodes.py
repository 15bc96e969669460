"""Cluster mode with real processes: a worker joins, is used, is killed under load, and another one joins."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from cloud_process import Running, start
from cloud_support import model_folder
from repeating_edge import playing, repeating_edge
from replica_support import are_used, replicas, until

from evosplit.cloud.registry import Registry
from evosplit.shared.free_ports import free_ports

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.timeout(600)]

EDGES = 6
"""More than one replica is sent at a time, though all come from one address."""


@contextmanager
def worker(cluster: str, secret: Path) -> Iterator[psutil.Process]:
    """`evosplit worker` in a process group of its own."""
    options = ["--cluster", cluster, "--cluster-secret", str(secret)]
    log = secret.with_name("worker.log")
    with log.open("ab") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "evosplit.cli", "worker", *options],
            start_new_session=True,
            stdout=told,
            stderr=told,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        kill_all_of(psutil.Process(process.pid))
        process.wait(60)


def kill_all_of(node: psutil.Process) -> None:
    """As a machine that loses its power."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (node, *node.children(recursive=True)):
            process.kill()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("s" * 40)
    return path


@pytest.fixture(scope="module")
def cluster() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def first_worker(cluster: str, secret: Path) -> Iterator[psutil.Process]:
    with worker(cluster, secret) as node:
        yield node


@pytest.fixture(scope="module")
def cloud(
    first_worker: psutil.Process, cluster: str, secret: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Ready once a replica runs on either node."""
    folder = model_folder(tmp_path_factory.mktemp("cloud"))
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    options = {"cluster": cluster, "cluster_secret": secret, "replicas_per_node": 1}
    running = start(folder, temp, free_ports(1)[0], min_replicas=2, max_replicas=2, **options)
    yield running
    running.stop()
    shutil.rmtree(temp, ignore_errors=True)


def test_a_worker_is_used_and_killed_under_load_and_another_joins(
    cloud: Running, registry: Registry, first_worker: psutil.Process, cluster: str, secret: Path
) -> None:
    edges = [repeating_edge(registry, cloud.port, cloud.token, index) for index in range(EDGES)]
    with playing(edges) as load:
        assert replicas(first_worker) == 1
        until(lambda: are_used(cloud, 2), "both nodes answer")
        kill_all_of(first_worker)
        load.wait_for_more(5)
        with worker(cluster, secret) as second:
            until(lambda: replicas(second) == 1, "the replica is replaced on the new node")
            until(lambda: are_used(cloud, 2), "both nodes answer again")
            load.wait_for_more(5)
    assert load.wrong == []
    assert "Traceback" not in cloud.log


def test_a_worker_waits_for_its_cloud(secret: Path) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with worker(address, secret) as node:
        log = secret.with_name("worker.log")
        until(lambda: f"waiting for {address}: Connection refused" in log.read_text(), "it says so")
        assert node.is_running()
