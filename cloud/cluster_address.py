"""Cluster address: where the nodes of one cloud meet, and the secret that Ray's processes show each other."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.token import read_token

_SHORTEST_SECRET: Final = 32
"""Whoever has it runs code on every node."""


@dataclass(frozen=True)
class ClusterAddress:
    """``host`` and ``port`` of the first node, which has Ray's table of nodes (GCS)."""

    host: str
    port: int
    secret: str = field(repr=False)

    def node_ip(self) -> str:
        """The host's address on the network that the nodes share. Raises UsageError."""
        try:
            return socket.gethostbyname(self.host)
        except (OSError, UnicodeError) as problem:
            raise UsageError(f"no address is known for the cluster's host {self.host}: {problem}") from None

    def environment(self) -> dict[str, str]:
        """Variables of every node, beside those of Ray Serve (`evosplit.cloud.environment`)."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.secret,
            "RAY_GCS_SERVER_PORT": str(self.port),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
        }


def cluster_address(text: str | None, secret_file: Path | None) -> ClusterAddress | None:
    """From HOST:PORT and the file of the secret; None where neither is given. Raises UsageError."""
    if text is None and secret_file is None:
        return None
    if text is None or secret_file is None:
        raise UsageError("a cluster needs both --cluster and --cluster-secret")
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"not the address of a cluster: {text!r} (write it like 10.0.0.5:6379)")
    secret = read_token(secret_file)
    if len(secret) < _SHORTEST_SECRET:
        raise UsageError(f"the secret in {secret_file} is shorter than {_SHORTEST_SECRET} characters")
    return ClusterAddress(host, int(port), secret)
