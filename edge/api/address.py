"""Listening socket, bound before the long work of a first start begins."""

from __future__ import annotations

import errno
import socket

from evosplit.shared.errors import PortInUseError, UsageError


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises PortInUseError, UsageError.

    It listens at once, because two sockets can be bound to one address but only one can listen. Clients
    that call early are answered when the agent is ready.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as problem:
        raise UsageError(f"cannot listen on {host}: {problem.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as problem:
        listener.close()
        kind_of = PortInUseError if problem.errno == errno.EADDRINUSE else UsageError
        text = (problem.strerror or str(problem)).lower()
        raise kind_of(f"cannot listen on {host} port {port}: {text}; choose another: --port") from None
    listener.setblocking(False)
    return listener
