"""A Ray cluster of several nodes: joined, a node killed under load, another one added, and left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cloud_support import TOKEN, model_folder
from repeating_edge import playing, repeating_edge

from evosplit.cloud.registry import Registry
from evosplit.shared.free_ports import free_ports
from evosplit.shared.token import TOKEN_VARIABLE

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

START = """
import sys
from evosplit.cloud.server import CloudSettings, serve_cloud
models, data, address, port = sys.argv[1:]
serve_cloud(
    CloudSettings(
        models=models, data=data, address=address, port=int(port), threads=1, min_replicas=2, max_replicas=3
    )
)
"""
READY_LIMIT_S = 240
EDGES = 16


@dataclass(frozen=True)
class Cluster:
    nodes: Any
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    models: Path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    from ray.cluster_utils import Cluster as RayCluster

    folder = tmp_path_factory.mktemp("cluster")
    models = model_folder(folder / "models")
    # Each worker has room for one replica, the head for none.
    nodes = RayCluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80 * 10**6},
    )
    for _ in range(2):
        nodes.add_node(num_cpus=1, object_store_memory=80 * 10**6)
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START, models, folder / "data", nodes.address, str(port)],
            cwd="/",
            env={**os.environ, TOKEN_VARIABLE: TOKEN},
            stdout=log,
            stderr=log,
        )
    started = Cluster(nodes, port, process, folder / "log", models)
    begun_s = time.monotonic()
    while "ready on" not in started.log.read_text():
        assert process.poll() is None, started.log.read_text()
        assert time.monotonic() - begun_s < READY_LIMIT_S, started.log.read_text()
        time.sleep(0.1)
    yield started
    if process.poll() is None:
        process.terminate()
        process.wait(60)
    nodes.shutdown()


def test_a_node_is_killed_under_load_and_another_comes(cluster: Cluster, registry: Registry) -> None:
    with playing([repeating_edge(registry, cluster.port, TOKEN, index) for index in range(EDGES)]) as load:
        load.wait_for_more(3)
        cluster.nodes.remove_node(next(iter(cluster.nodes.worker_nodes)), allow_graceful=False)
        load.wait_for_more(5)
        cluster.nodes.add_node(num_cpus=1, object_store_memory=80 * 10**6)
        load.wait_for_more(5)
    assert load.wrong == []
    assert "Traceback" not in cluster.log.read_text()


def test_it_leaves_the_cluster_as_it_was(cluster: Cluster) -> None:
    """The last test of the module."""
    cluster.process.send_signal(signal.SIGTERM)
    assert cluster.process.wait(60) == 0
    told = [line for line in cluster.log.read_text().splitlines() if line.startswith("evosplit cloud:")]
    assert told[-1] == "evosplit cloud: stopping"  # Ray's own lines of ended nodes may come after it
    assert len(cluster.nodes.list_all_nodes()) == 3


def test_no_cluster_there_is_said_in_one_line(tmp_path: Path) -> None:
    models = model_folder(tmp_path / "models")
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "evosplit.cli", "cloud", "--models", models, "--data", tmp_path / "d"]
    ended = subprocess.run(
        [*command, "--address", f"127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1].startswith("evosplit: cannot serve from the cluster at")
