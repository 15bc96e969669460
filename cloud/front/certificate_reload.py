"""Certificate reload through HAProxy's runtime API, without a restart and without a lost connection.

Transactions (https://docs.haproxy.org/2.8/management.html#9.3): what cannot be used is never committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from evosplit.cloud.front.haproxy_files import client_authority, server_pem, write_certificates
from evosplit.cloud.front.runtime_api import ask, control_sockets
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.security.file_watch import FileWatch
from evosplit.shared.security.tls import ServerFiles


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
            for control in control_sockets(self._folder):
                ask(control, f"set ssl {kind} {path} <<\n{content}\n\n")
                answer = ask(control, f"commit ssl {kind} {path}\n")
                if "Success" not in answer:
                    raise UsageError(f"HAProxy refuses it: {' '.join(answer.split())[:200]}")

    def _kinds(self) -> Iterator[tuple[str, Path]]:
        yield "cert", server_pem(self._folder)
        if self._files.client_ca is not None:
            yield "ca-file", client_authority(self._folder)
