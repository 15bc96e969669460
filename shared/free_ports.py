"""Free TCP ports outside the ephemeral range, for servers that are started a while later."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path
from typing import Final

_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST: Final = 20_000
_LAST: Final = 29_999  # below the node ports of Kubernetes
_TRIES: Final = 200


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listens on now, on any address; all different.

    A port that the kernel chooses is from the range of outgoing connections: one of those may take it before
    the server that it is meant for listens. These are drawn at random from 20000 to 29999, where that range
    leaves them.
    """
    ephemeral = _ephemeral_ports()
    candidates = [port for port in range(_FIRST, _LAST + 1) if port not in ephemeral]
    drawn = random.SystemRandom().sample(candidates, min(_TRIES + count, len(candidates)))
    with contextlib.ExitStack() as held:
        return tuple(_bound(held, (*drawn, *[0] * count), count))


def free_port() -> int:
    """One port that nobody listens on now."""
    return free_ports(1)[0]


def _bound(held: contextlib.ExitStack, ports: tuple[int, ...], count: int) -> list[int]:
    """The first ``count`` of the ports that can be bound, held until the stack ends; 0: any."""
    bound: list[int] = []
    for port in ports:
        if len(bound) == count:
            break
        listener = held.enter_context(socket.socket())
        with contextlib.suppress(OSError):
            listener.bind(("", port))
            bound.append(listener.getsockname()[1])
    return bound


def _ephemeral_ports() -> range:
    try:
        first, last = map(int, _EPHEMERAL.read_text(encoding="ascii").split())
    except (OSError, ValueError):  # not Linux
        first, last = 32_768, 60_999
    return range(first, last + 1)
