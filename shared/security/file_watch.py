"""Watch of files for changes of content, by their modification times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

LOOK_S: Final = 2.0
"""How often files are looked at."""

_Version: TypeAlias = "tuple[tuple[int, int] | None, ...]"


class FileWatch:
    """Files that others replace while a process runs."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._version = self._seen()

    def has_changed(self) -> bool:
        """Whether any of the files is another one than at the last call."""
        seen, before = self._seen(), self._version
        self._version = seen
        return seen != before

    def _seen(self) -> _Version:
        return tuple(_version(path) for path in self._paths)


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
