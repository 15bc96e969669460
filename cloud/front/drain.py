"""Connection draining: the front end takes no new connections and answers what it has accepted.

Connections that stay open get their next answer with ``Connection: close``, so that clients go elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evosplit.cloud.front.haproxy_config import APPLICATION, FRONT_NAME, GRPC_FRONT_NAME, NOT_LISTENING
from evosplit.cloud.front.haproxy_files import front_config
from evosplit.cloud.front.runtime_api import ask, control_sockets, requests_under_way
from evosplit.shared.atomic_write import write_whole

QUIET_S: Final = 0.5
"""For so long nothing may have been under way: clients of open connections may be about to ask again."""
_LOOK_S: Final = 0.05


def drain(
    folder: Path,
    limit_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Stop listening, then wait until all is answered; how many requests are left after ``limit_s``.

    ``folder`` is what `write_front` wrote to. A front end that is gone has nothing left.
    """
    end_s = clock() + limit_s
    _stop_listening(folder)
    busy_s, left = clock(), _under_way(folder)
    while clock() < end_s:
        if left:
            busy_s = clock()
        elif clock() - busy_s >= QUIET_S:
            return 0
        sleep(_LOOK_S)
        left = _under_way(folder)
    return left


def _stop_listening(folder: Path) -> None:
    """Now, and when HAProxy is started anew because replicas come or go."""
    write_whole(front_config(folder), NOT_LISTENING.encode())
    for control in control_sockets(folder):
        try:
            ask(control, f"shutdown frontend {FRONT_NAME}; shutdown frontend {GRPC_FRONT_NAME}\n")
        except OSError:  # noqa: PERF203 - as many as there are nodes here: one
            continue


def _under_way(folder: Path) -> int:
    total = 0
    for control in control_sockets(folder):
        try:
            total += requests_under_way(control, APPLICATION)
        except OSError:  # noqa: PERF203 - as above
            continue
    return total
