"""Runtime API of HAProxy: commands to the processes that serve now, over their control sockets.

https://docs.haproxy.org/2.8/management.html#9.3
"""

from __future__ import annotations

import csv
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_LIMIT_S: Final = 5.0
_SOCKET: Final = "a"
"""The last part of ``RAY_SERVE_HAPROXY_SOCKET_PATH``; Ray puts the node's id before it."""
_BACKENDS: Final = "show stat -1 2 -1\n"


def control_sockets(folder: Path) -> Sequence[Path]:
    """The sockets of the processes whose files are below ``folder``."""
    return sorted(folder.glob(f"*/{_SOCKET}"))


def ask(control: Path, command: str) -> str:
    """The answer to a command. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_LIMIT_S)
        connection.connect(str(control))
        connection.sendall(command.encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")


def requests_under_way(control: Path, application: str) -> int:
    """Requests that an application has not answered yet, over HTTP and gRPC. Raises OSError."""
    rows = csv.DictReader(ask(control, _BACKENDS).lstrip("# ").splitlines())
    names = {f"http-{application}", f"grpc-{application}"}
    counted = [row for row in rows if row.get("pxname") in names]
    return sum(int(row[column] or 0) for row in counted for column in ("scur", "qcur"))
