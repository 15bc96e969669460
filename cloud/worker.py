"""Worker node of a cloud tier: a Ray node that joins a cloud which was started with ``--cluster``.

Ray Serve starts replicas there as the queue asks for. The node ends with its connection to the cloud, and
what started it (systemd, a container engine) starts it again.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Final

from evosplit.cloud.cluster_address import ClusterAddress
from evosplit.cloud.environment import OBJECT_STORE_BYTES, apply_environment, serve_environment
from evosplit.shared.errors import EvoSplitError

_CONNECT_S: Final = 5.0
_POLL_S: Final = 1.0
_GONE_S: Final = 15
"""A node whose cloud is away for so long ends."""


def run_worker(address: ClusterAddress, num_gpus: int, wait_s: float) -> None:
    """Become a Ray node, once the cloud listens. Raises EvoSplitError after ``wait_s`` without it."""
    _wait(address, wait_s)
    node_ip = address.node_ip()
    apply_environment(serve_environment(Path("/tmp"), cluster=address))  # noqa: S108 - as Ray's head has it
    apply_environment({"RAY_gcs_rpc_server_reconnect_timeout_s": str(_GONE_S)})
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"),
        *("--address", f"{node_ip}:{address.port}", "--num-gpus", str(num_gpus)),
        *("--object-store-memory", str(OBJECT_STORE_BYTES)),
    ]
    _tell(f"joining {address.host}:{address.port}")
    os.execv(command[0], command)  # noqa: S606 - this very interpreter


def _wait(address: ClusterAddress, limit_s: float) -> None:
    """A cloud in a container has no address either while it is away: its name goes with it."""
    end_s = time.monotonic() + limit_s
    told = None
    while (refusal := _refusal(address)) is not None:
        if time.monotonic() > end_s:
            raise EvoSplitError(f"no cloud at {address.host} port {address.port}: {refusal}")
        if refusal != told:
            _tell(f"waiting for {address.host}:{address.port}: {refusal}")
            told = refusal
        time.sleep(_POLL_S)


def _refusal(address: ClusterAddress) -> str | None:
    try:
        socket.create_connection((address.host, address.port), _CONNECT_S).close()
    except (OSError, UnicodeError) as refused:
        return getattr(refused, "strerror", None) or str(refused)
    return None


def _tell(line: str) -> None:
    print(f"evosplit worker: {line}", file=sys.stderr, flush=True)  # noqa: T201
