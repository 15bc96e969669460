"""A running HAProxy with our configuration, in front of a small application, without Ray."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evosplit.cloud.front.haproxy_config import PEER_HEADER, FrontEnd
from evosplit.cloud.front.haproxy_files import BINARY_VARIABLE, write_front
from evosplit.cloud.listen_address import wait_until_open
from evosplit.shared.free_ports import free_ports
from evosplit.shared.security.tls import ClientFiles, ServerFiles

BASE = """\
global
    stats socket {folder}/node/a level admin
defaults
    mode http
    timeout connect 5s
    timeout client 3600s
    timeout server 60s
    errorfile 503 {folder}/node/500.http
    retries 1
frontend prometheus
    bind :{inner}
backend http-evosplit
    server replica 127.0.0.1:{replica}
backend grpc-evosplit
    server replica 127.0.0.1:{grpc_replica} proto h2
"""
"""As Ray Serve writes it, error page included."""


class Application(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that it got; ``/slow`` when it is told to go on."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.go_on.wait(30)
        body = json.dumps({"peer": self.headers.get(PEER_HEADER), "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not to standard error."""


@dataclass(frozen=True)
class Front:
    folder: Path
    port: int
    inner_port: int
    grpc_port: int
    replica: http.server.HTTPServer

    def get(self, tls: ClientFiles | None, path: str = "/x", **headers: str) -> tuple[int, dict]:
        if tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        else:
            connection = http.client.HTTPSConnection(
                "localhost", self.port, timeout=20, context=tls.context()
            )
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextlib.contextmanager
def front(
    folder: Path, files: ServerFiles | None, grpc_replica: int = 9, replica: int | None = None
) -> Iterator[Front]:
    """A running HAProxy; ``folder`` has the paths of a Ray Serve. ``replica``: another's port."""
    (folder / "node").mkdir(parents=True)
    (folder / "node" / "500.http").write_text("HTTP/1.1 500 Internal Server Error\r\n\r\nServe's own")
    port, inner, grpc_port = free_ports(3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        config = folder / "node" / "haproxy.cfg"
        ports = {"replica": replica or server.server_port, "inner": inner, "grpc_replica": grpc_replica}
        config.write_text(BASE.format(folder=folder, **ports))
        settings = FrontEnd("127.0.0.1", port, folder, head_timeout_s=2, grpc_port=grpc_port)
        variables = write_front(settings, files, {})
        with (folder / "log").open("wb") as log:
            command = [variables[BINARY_VARIABLE], "-db", "-f", config]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | variables)
        try:
            for each in (port, grpc_port):
                wait_until_open("127.0.0.1", each, 20)
            yield Front(folder, port, inner, grpc_port, server)
        finally:
            process.kill()
            process.wait()
            server.shutdown()
            thread.join()
