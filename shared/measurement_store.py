"""Content-addressed store of measurements on disk, as JSON (`evosplit.shared.cache_key`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evosplit.shared.cache_key import CacheKey
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.json_cache import kept, read_kept

T = TypeVar("T")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evosplit`, or `~/.cache/evosplit`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evosplit"


@dataclass(frozen=True)
class MeasurementStore:
    """Values by key under ``folder``, made when needed; safe to share between processes."""

    folder: Path

    def get(self, kind: type[T], key: CacheKey, make: Callable[[], T], fresh: bool = False) -> T:
        """The value under ``key``, or a new one (always with ``fresh``), which is then kept.

        Raises EvoSplitError where it cannot be kept, and as ``make``.
        """
        path = self._path(key)
        try:
            if fresh:
                path.unlink(missing_ok=True)
            return kept(kind, path, make)
        except OSError as error:
            raise EvoSplitError(f"cannot keep {path}: {error.strerror}") from None

    def known(self, kind: type[T], key: CacheKey) -> T | None:
        """The value under ``key``, None where there is none that can be read."""
        return read_kept(kind, self._path(key))

    def _path(self, key: CacheKey) -> Path:
        return self.folder / key.kind / f"{key.digest[:32]}.json"
