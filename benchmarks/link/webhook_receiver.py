"""Webhook receiver as a process: each event becomes a line of a file before it is answered.

``python -m benchmarks.link.webhook_receiver PORT FILE``
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main() -> None:
    """Serve until it is killed."""
    port, received = int(sys.argv[1]), Path(sys.argv[2])
    with received.open("ab", buffering=0) as file:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                file.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not to standard error."""

        ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
