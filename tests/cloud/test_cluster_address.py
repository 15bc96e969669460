"""Addresses of clusters: what is given in halves or wrong is refused, and no secret is shown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from evosplit.cloud.cluster_address import ClusterAddress, cluster_address
from evosplit.cloud.environment import serve_environment
from evosplit.cloud.worker import run_worker
from evosplit.shared.errors import EvoSplitError, UsageError

SECRET = "s" * 43


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return path


def test_an_address_and_its_secret(secret: Path) -> None:
    assert cluster_address(None, None) is None
    assert cluster_address("head.example:6379", secret) == ClusterAddress("head.example", 6379, SECRET)
    assert SECRET not in repr(cluster_address("head.example:6379", secret))


@pytest.mark.parametrize("text", ["head", "head:", ":6379", "head:0", "head:65536", "head:x", "head:٦"])
def test_what_is_no_address(text: str, secret: Path) -> None:
    with pytest.raises(UsageError, match="not the address of a cluster"):
        cluster_address(text, secret)


def test_half_of_the_options_and_a_short_secret(secret: Path) -> None:
    for given in ((None, secret), ("head:1", None)):
        with pytest.raises(UsageError, match="needs both --cluster and --cluster-secret"):
            cluster_address(*given)
    secret.write_text("short")
    with pytest.raises(UsageError, match="shorter than 32 characters"):
        cluster_address("head:1", secret)


def test_nodes_share_a_secret_and_a_cloud_alone_draws_its_own(tmp_path: Path) -> None:
    shared = serve_environment(tmp_path, cluster=ClusterAddress("head", 6379, SECRET))
    alone = serve_environment(tmp_path)
    assert shared["RAY_AUTH_MODE"] == alone["RAY_AUTH_MODE"] == "token"
    assert shared["RAY_AUTH_TOKEN"] == SECRET
    assert len(alone["RAY_AUTH_TOKEN"]) == 64
    assert shared["RAY_GCS_SERVER_PORT"] == "6379"
    assert "RAY_GCS_SERVER_PORT" not in alone


def test_a_host_without_an_address() -> None:
    with pytest.raises(UsageError, match="no address is known for the cluster's host"):
        ClusterAddress("no.such.host.invalid", 1, SECRET).node_ip()


def test_a_worker_without_a_cloud_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(EvoSplitError, match=f"no cloud at 127.0.0.1 port {port}: Connection refused"):
        run_worker(ClusterAddress("127.0.0.1", port, SECRET), num_gpus=0, wait_s=0.0)
