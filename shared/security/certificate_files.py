"""Files of a private authority and of what it issued: ``NAME.pem``, and ``NAME.key`` with mode 0600."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError
from evosplit.shared.security.certificates import KeyPair, make_authority

AUTHORITY: Final = "ca"
"""``ca.pem`` goes to everybody, ``ca.key`` to nobody."""
AUTHORITY_LIFETIME: Final = dt.timedelta(days=3650)
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def kept_authority(folder: Path, now: dt.datetime) -> KeyPair:
    """The authority of a folder, made on first use. Raises UsageError."""
    certificate, key = folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key"
    if not certificate.exists() and not key.exists():
        return write_pair(folder, AUTHORITY, make_authority(now, AUTHORITY_LIFETIME))
    try:
        return KeyPair(certificate.read_bytes(), key.read_bytes())
    except OSError as problem:
        raise UsageError(f"cannot read the authority in {folder}: {problem.strerror}") from None


def write_issued(
    folder: Path, name: str, now: dt.datetime, issue: Callable[[KeyPair], KeyPair]
) -> tuple[Path, Path]:
    """What ``issue`` makes of the folder's authority; the paths of certificate and key. Raises UsageError."""
    if not _FILE_NAME.fullmatch(name) or name == AUTHORITY:
        raise UsageError(f"not a name for files: {name!r} (letters, digits, dots, - and _)")
    write_pair(folder, name, issue(kept_authority(folder, now)))
    return folder / f"{name}.pem", folder / f"{name}.key"


def write_pair(folder: Path, name: str, pair: KeyPair) -> KeyPair:
    """Write both; the pair. Raises UsageError."""
    try:
        write_whole(folder / f"{name}.key", pair.key, mode=0o600)
        write_whole(folder / f"{name}.pem", pair.certificate)
    except OSError as problem:
        raise UsageError(f"cannot write to {folder}: {problem.strerror}") from None
    return pair
