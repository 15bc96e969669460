"""Checks of the listening address: whether it is free, and whether it answers."""

from __future__ import annotations

import http.client
import socket
import time

from evosplit.shared.errors import EvoSplitError, PortInUseError, UsageError

_POLL_S = 0.1
_PROBE_S = 2.0


def check_free(host: str, port: int) -> None:
    """Raises PortInUseError when it is in use, UsageError when the host is no address of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as problem:
            text = getattr(problem, "strerror", None) or str(problem)
            kind = PortInUseError if text == "Address already in use" else UsageError
            raise kind(
                f"cannot listen on {host} port {port}: {text.lower()}; choose another: --port"
            ) from None


def wait_until_ready(host: str, port: int, path: str, limit_s: float) -> None:
    """Return when ``GET path`` answers 200. Raises EvoSplitError after ``limit_s``."""
    deadline_s = time.monotonic() + limit_s
    while not _answers(reachable(host), port, path):
        if time.monotonic() > deadline_s:
            raise EvoSplitError(f"the cloud did not answer on port {port} within {limit_s:g} s")
        time.sleep(_POLL_S)


def reachable(host: str) -> str:
    """The address by which this machine reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def wait_until_open(host: str, port: int, limit_s: float) -> None:
    """Return when connections are taken. Raises EvoSplitError after ``limit_s``."""
    deadline_s = time.monotonic() + limit_s
    while True:
        try:
            with socket.create_connection((reachable(host), port), _PROBE_S):
                return
        except OSError as refused:
            if time.monotonic() > deadline_s:
                raise EvoSplitError(f"the cloud does not listen on port {port}: {refused}") from None
        time.sleep(_POLL_S)


def is_loopback(host: str) -> bool:
    """Whether a server that listens on ``host`` is reached from this machine alone."""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_PROBE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
