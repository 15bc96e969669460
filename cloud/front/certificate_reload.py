"""Certificate reload through HAProxy's runtime API, without a restart and without a lost connection.

Transactions (https://docs.haproxy.org/2.8/management.html#9.3): what cannot be used is never committed.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evosplit.cloud.front.haproxy_files import client_authority, server_pem, write_certificates
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.security.file_watch import FileWatch
from evosplit.shared.security.tls import ServerFiles

_LIMIT_S: Final = 5.0
_SOCKET: Final = "a"
"""The last part of ``RAY_SERVE_HAPROXY_SOCKET_PATH``; Ray puts the node's id before it."""


class CertificateReload:
    """Takes changed files up. ``folder`` is what `write_front` wrote to."""

    def __init__(self, folder: Path, files: ServerFiles) -> None:
        self._folder = folder
        self._files = files
        self._watch = FileWatch(files.paths)

    def look(self) -> str | None:
        """Take changed files up; a line on what came of it, None where nothing has changed."""
        if not self._watch.has_changed():
            return None
        try:
            write_certificates(self._folder, self._files)
            self._take_up()
        except (EvoSplitError, OSError) as problem:
            return f"the certificate in use stays: {problem}"
        return f"the certificate {self._files.certificate} is in use now"

    def _take_up(self) -> None:
        for kind, path in self._kinds():
            content = re.sub(r"\n\s*\n+", "\n", path.read_text().strip())
            for control in sorted(self._folder.glob(f"*/{_SOCKET}")):
                _ask(control, f"set ssl {kind} {path} <<\n{content}\n\n")
                answer = _ask(control, f"commit ssl {kind} {path}\n")
                if "Success" not in answer:
                    raise UsageError(f"HAProxy refuses it: {' '.join(answer.split())[:200]}")

    def _kinds(self) -> Iterator[tuple[str, Path]]:
        yield "cert", server_pem(self._folder)
        if self._files.client_ca is not None:
            yield "ca-file", client_authority(self._folder)


def _ask(path: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_LIMIT_S)
        control.connect(str(path))
        control.sendall(command.encode())
        control.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: control.recv(4096), b"")).decode(errors="replace")
