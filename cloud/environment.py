"""Environment variables of Ray Serve, which reads them when it is imported.

The proxy is HAProxy, which passes requests to a replica without a hop through a Python proxy, and Serve
runs in its throughput-optimised mode: 1.75 ms instead of 14 ms for a small request. Every path and port is
this cloud's own, so that several can run on one machine.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from evosplit.cloud.cluster_address import ClusterAddress
from evosplit.shared.free_ports import free_ports

OBJECT_STORE_BYTES: Final = 80 * 10**6
"""Requests do not pass through the object store; Ray wants at least 75 MiB."""
_REPLICA_PORTS: Final = 16
_PROXY_THREADS: Final = 4
"""Of HAProxy at most, as Ray Serve has it; more than processors only wake each other."""
_FIXED: Final[Mapping[str, str]] = {
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    # A replica that ends is asked for so long, until HAProxy knows: connections to it are kept open.
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1.5",
    "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",  # at the default, 0.1, it takes 4 % of a core for nothing
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",  # at 5, a busy machine never gets its front end started
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",  # nobody reads Ray's own; three records a request, and an agent
    # Short of memory, Ray ends what began last, the front end before what grew; the kernel ends the largest.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_worker_oom_score_adjustment": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


_STICKY: Final = "source\n    hash-type consistent\n    hash-balance-factor 150"
"""HAProxy keeps a client with its replica, which holds its streams, unless that has 1.5 times its share."""


def serve_environment(
    temp: Path, max_replicas: int = 1, drain_s: float = 30.0, cluster: ClusterAddress | None = None
) -> dict[str, str]:
    """Variables for a Ray Serve of its own, whose files are under ``temp``; alone, or with other nodes.

    A HAProxy that another one replaces, because replicas came or went, has ``drain_s`` for its requests.
    Ray puts its node's id, 56 digits, into the path of HAProxy's socket, which may have 97 bytes.
    """
    stats, metrics, fallback, grpc_fallback = free_ports(4)
    first, grpc_first = (min(port, 65535 - _REPLICA_PORTS) for port in free_ports(2))
    balance = {"RAY_SERVE_HAPROXY_BALANCE_ALGORITHM": _STICKY} if max_replicas > 1 else {}
    return (
        dict(_FIXED)
        | balance
        | {
            "RAY_SERVE_HAPROXY_NBTHREAD": str(min(len(os.sched_getaffinity(0)), _PROXY_THREADS)),
            "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": str(max(math.ceil(drain_s), 1)),
            "RAY_TMPDIR": str(temp),
            "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(temp / "haproxy.cfg"),
            "RAY_SERVE_HAPROXY_SOCKET_PATH": str(temp / "a"),
            "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(temp / "m"),
            "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(temp),
            "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(temp / "server-state"),
            "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
            "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(grpc_fallback),
            "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first),
            "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(first + _REPLICA_PORTS),
            "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc_first),
            "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc_first + _REPLICA_PORTS),
        }
        | (_alone() if cluster is None else cluster.environment())
    )


def _alone() -> dict[str, str]:
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),  # between Ray's own processes, in no file
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # all of Ray's ports are on the loopback
    }


def cluster_environment() -> dict[str, str]:
    """Variables for every node of a cluster that others start, before ``ray start``."""
    names = ("RAY_SERVE_ENABLE_HA_PROXY", "RAY_SERVE_THROUGHPUT_OPTIMIZED", "RAY_USAGE_STATS_ENABLED")
    return {name: _FIXED[name] for name in names}


def apply_environment(variables: Mapping[str, str]) -> None:
    """Set the variables, except those that the user has set."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)
