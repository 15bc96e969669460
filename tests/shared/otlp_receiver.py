"""A collector of traces on the loopback: what comes by OTLP over HTTP, decoded by its protocol's own code."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass
class Received:
    """What came: spans by name, each with its service."""

    url: str = ""
    spans: list[tuple[str, Any]] = field(default_factory=list)

    def named(self, name: str, limit_s: float = 60.0) -> Any:
        """The first span of that name, once it is here."""
        end_s = time.monotonic() + limit_s
        while True:
            for _, span in list(self.spans):
                if span.name == name:
                    return span
            assert time.monotonic() < end_s, f"no span {name}: {[span.name for _, span in self.spans]}"
            time.sleep(0.02)

    def below(self, parent: Any) -> list[str]:
        """Names of the spans that have this parent, in the order in which they began."""
        children = [span for _, span in self.spans if span.parent_span_id == parent.span_id]
        return [span.name for span in sorted(children, key=lambda span: span.start_time_unix_nano)]


@contextlib.contextmanager
def otlp_receiver(port: int = 0) -> Iterator[Received]:
    """A collector that takes everything, while the block lasts."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                told = {each.key: each.value.string_value for each in group.resource.attributes}
                for scope in group.scope_spans:
                    received.spans += [(told["service.name"], span) for span in scope.spans]
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
