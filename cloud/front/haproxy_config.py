"""HAProxy configuration of the front end (https://docs.haproxy.org/2.8/configuration.html).

Ray Serve writes a configuration of its own, whose listening side knows neither TLS nor limits. This one is
read after it by the same process: another listening side before the same replicas, so TLS costs no hop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from evosplit.cloud.grpc_messages import SERVICE

HEAD_TIMEOUT_S: Final = 10
"""The head of a request must be there after so long (slow loris)."""
IDLE_TIMEOUT_S: Final = 30
"""A TLS handshake, a body, or a client that reads its answer must go on within so long."""
KEEP_ALIVE_S: Final = 90
CONNECTIONS: Final = 3000
"""Of HAProxy's 4096: Ray's own health checks and those to the replicas need some."""
CONNECTIONS_PER_ADDRESS: Final = 1000
GRPC_CONNECTIONS: Final = 500
"""Each carries up to 100 calls at a time."""
APPLICATION: Final = "evosplit"
"""The name of the application in Ray Serve."""
FRONT_NAME: Final = "front"
GRPC_FRONT_NAME: Final = "front-grpc"
NOT_LISTENING: Final = "defaults front-defaults\n    mode http\n"
"""The configuration of a front end that takes nothing more."""
PEER_HEADER: Final = "x-evosplit-peer"
"""Request header with the address of the client; what a client sends itself is replaced."""
ALONE_HEADER: Final = "x-request-disconnect-disabled"
"""Request header by which Ray Serve does not listen for clients that leave: an inference looks itself."""

_ERRORS: Final[Mapping[int, str]] = {
    404: "no such page",
    500: "the front end failed; try again",
    502: "an answer was cut short; try again",
    503: "no replica is ready; try again",
    504: "no replica answered in time",
}
"""Answers of HAProxy itself. Those of a backend come first, and Serve's are pages of text: see haproxy.sh.

A head that is no HTTP, too large or too slow (400, 408) ends in HAProxy's reader, whose answers are its own.
"""


_PER_ADDRESS: Final = f"""\
    tcp-request connection track-sc0 src table front
    tcp-request connection reject if {{ sc0_conn_cur gt {CONNECTIONS_PER_ADDRESS} }}"""


@dataclass(frozen=True)
class FrontEnd:
    """Where the front end listens. ``pem``: certificate and key, None without TLS.

    ``folder`` has the answers to requests that no replica sees. gRPC has a port of its own, if any: what a
    connection speaks would otherwise have to be told from its first bytes, or by ALPN, which asks for TLS.
    """

    host: str
    port: int
    folder: Path
    head_timeout_s: int = HEAD_TIMEOUT_S
    pem: Path | None = None
    client_ca: Path | None = None
    grpc_port: int | None = None

    def config(self) -> str:
        """The text of the file.

        When replicas come or go another HAProxy takes over. Clients of open connections get one more answer
        from the old one (``idle-close-on-response``), or a request on its way would meet a closed one.
        """
        errors = "\n".join(f"    errorfile {status} {path}" for status, path in self._error_paths().items())
        return f"""\
defaults front-defaults
    mode http
    option http-no-delay
    option idle-close-on-response
    timeout connect 5s
    timeout client {IDLE_TIMEOUT_S}s
    timeout http-request {self.head_timeout_s}s
    timeout http-keep-alive {KEEP_ALIVE_S}s
{errors}
{self._http()}{self._grpc()}"""

    def _http(self) -> str:
        return f"""\
frontend {FRONT_NAME}
    bind {self._bind(self.port)}{self._secured("http/1.1")}
    maxconn {CONNECTIONS}
    stick-table type ipv6 size 20k expire 60s store conn_cur
{_PER_ADDRESS}
    http-request deny deny_status 404 if {{ path_beg /-/ }}
    http-request set-header {PEER_HEADER} %[src]
    http-request set-header {ALONE_HEADER} ?1 if {{ path_end /infer }}
    use_backend %[str(http-{APPLICATION})]
"""

    def _grpc(self) -> str:
        if self.grpc_port is None:
            return ""
        return f"""\
frontend {GRPC_FRONT_NAME}
    bind {self._bind(self.grpc_port)}{self._secured("h2") or " proto h2"}
    maxconn {GRPC_CONNECTIONS}
{_PER_ADDRESS}
    http-request deny deny_status 404 if !{{ path_beg /{SERVICE}/ }}
    http-request set-header {PEER_HEADER} %[src]
    use_backend %[str(grpc-{APPLICATION})]
"""

    def errors(self) -> dict[Path, bytes]:
        """The files of whole HTTP answers."""
        return {path: _answer(status, _ERRORS[status]) for status, path in self._error_paths().items()}

    def _error_paths(self) -> dict[int, Path]:
        return {status: self.folder / f"{status}.http" for status in _ERRORS}

    def _bind(self, port: int) -> str:
        anywhere = {"": "*", "0.0.0.0": "*"}  # noqa: S104 - as the user said
        host = f"[{self.host}]" if ":" in self.host else anywhere.get(self.host, self.host)
        return f"{host}:{port}"

    def _secured(self, protocol: str) -> str:
        if self.pem is None:
            return ""
        secured = f" ssl crt {self.pem} ssl-min-ver TLSv1.2 alpn {protocol}"
        return secured if self.client_ca is None else f"{secured} ca-file {self.client_ca} verify required"


def _answer(status: int, line: str) -> bytes:
    body = json.dumps({"error": line})
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json"]
    lines += [
        f"Content-Length: {len(body)}",
        *(["Retry-After: 1"] if status == 503 else []),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", body]).encode()
