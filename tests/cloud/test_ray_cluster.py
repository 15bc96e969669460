"""A Ray cluster of several nodes: joined, a node killed under load, another one added, and left."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cloud_support import TOKEN, blob_request, frame_bytes, model_folder, seeded_feeds, whole_outputs

from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.free_ports import free_ports
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import TOKEN_VARIABLE, bearer

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


@dataclass
class Edge:
    """Sends one frame after the other, again where it was not answered, as an agent asks again or answers."""

    port: int
    body: bytes
    length: int
    expected: np.ndarray
    answered: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def play(self, until: threading.Event) -> None:
        while not until.is_set():
            self._frame()

    def _frame(self) -> None:
        end_s = time.monotonic() + 60
        while (answer := self._answer()) is None:
            self.repeated += 1
            if time.monotonic() > end_s:
                self.wrong.append("a frame was lost")
                return
            time.sleep(0.05)
        if not np.allclose(answer, self.expected, rtol=1e-3, atol=1e-3):
            self.wrong.append("a frame has another's answer")
        self.answered += 1

    def _answer(self) -> np.ndarray | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = bearer(TOKEN) | {oip.HEADER_LENGTH: str(self.length)}
        try:
            connection.request("POST", "/v2/models/residual/infer", self.body, headers)
            reply = connection.getresponse()
            content = reply.read()
            if reply.status != 200:
                return None
            return oip.parse_response(content, int(reply.headers[oip.HEADER_LENGTH])).arrays()["y"]
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def edge(cluster: Cluster, registry: Registry, index: int) -> Edge:
    model = registry.get("residual")
    feeds = seeded_feeds(model, index)
    content = frame_bytes(model, prefix_cut(model.graph, 1 + index % 4), feeds)
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    return Edge(cluster.port, body, length, whole_outputs(model, feeds)["y"])


def test_a_node_is_killed_under_load_and_another_comes(cluster: Cluster, registry: Registry) -> None:
    edges = [edge(cluster, registry, index) for index in range(EDGES)]
    until = threading.Event()
    threads = [threading.Thread(target=each.play, args=(until,)) for each in edges]
    for thread in threads:
        thread.start()

    def wait_for_more(count: int) -> None:
        wanted = [each.answered + count for each in edges]
        end_s = time.monotonic() + 180
        while any(each.answered < target for each, target in zip(edges, wanted, strict=True)):
            assert time.monotonic() < end_s, [each.answered for each in edges]
            time.sleep(0.05)

    wait_for_more(3)
    cluster.nodes.remove_node(next(iter(cluster.nodes.worker_nodes)), allow_graceful=False)
    wait_for_more(5)
    cluster.nodes.add_node(num_cpus=1, object_store_memory=80 * 10**6)
    wait_for_more(5)
    until.set()
    for thread in threads:
        thread.join(180)
    assert [each.wrong for each in edges] == [[] for _ in edges]
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
