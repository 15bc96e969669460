"""Audit log: who did what, when, with which result; one JSON object a line, in a file of bounded size.

It never has a token in it, nor the query of a URL, nor a body. Several processes may share the file.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from evosplit.shared.time_budget import TimeBudget

MOST_BYTES: Final = 10_000_000
FILES: Final = 4
"""The file itself and what was rotated away, ``audit.jsonl.1`` and on."""
REFUSALS: Final = (401, 403, 429)
REFUSALS_PER_S: Final = 2.0
"""So many refusals are recorded: a flood of them is not to push the rest out."""
REFUSALS_AT_ONCE: Final = 100.0
_LONGEST: Final = 300

_log = logging.getLogger(__name__)


class AuditLog:
    """Appends to one file. What cannot be written is a warning, not a failure. ``clock``: Unix seconds."""

    def __init__(
        self, path: Path, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._clock = clock
        self._refusals = TimeBudget(REFUSALS_PER_S, REFUSALS_AT_ONCE)
        self._skipped = 0

    def write(self, who: str, what: str, result: str | int, peer: str = "") -> None:
        """Record that ``who`` (at the address ``peer``) did ``what``."""
        if result in REFUSALS and self._is_flooded():
            return
        moment = dt.datetime.fromtimestamp(self._clock(), dt.timezone.utc)
        said = {
            "when": moment.isoformat(timespec="milliseconds"),
            "who": who,
            "what": what[:_LONGEST],
            "result": result if isinstance(result, int) else result[:_LONGEST],
            **({"from": peer} if peer else {}),
            **({"not_recorded": self._skipped} if self._skipped else {}),
        }
        self._skipped = 0
        try:
            self._append(json.dumps(said).encode() + b"\n")
        except OSError as problem:
            _log.warning("the audit log cannot be written: %s", problem.strerror)

    def _is_flooded(self) -> bool:
        if self._refusals.is_spent:
            self._skipped += 1
            return True
        self._refusals.spend(1.0)
        return False

    def _append(self, line: bytes) -> None:
        while True:
            with _opened(self._path) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                if not _is_at(stream, self._path):
                    continue  # another process has rotated it meanwhile
                if os.fstat(stream.fileno()).st_size + len(line) > self._most_bytes:
                    self._rotate()
                    continue
                stream.write(line)
                return

    def _rotate(self) -> None:
        for number in range(FILES - 1, 0, -1):
            newer = self._path if number == 1 else Path(f"{self._path}.{number - 1}")
            if newer.exists():
                newer.replace(f"{self._path}.{number}")


def audit_file(data: Path) -> Path:
    """Where a tier keeps its log, below its data folder."""
    return data / "audit.jsonl"


def _opened(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _is_at(stream: IO[bytes], path: Path) -> bool:
    try:
        return os.fstat(stream.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
