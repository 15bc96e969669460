"""Content-addressed store of measurements, as JSON (`evosplit.shared.cache_key`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evosplit.shared.cache_key import CacheKey
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.storage.objects import Objects, read_value, write_value

T = TypeVar("T")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evosplit`, or `~/.cache/evosplit`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evosplit"


@dataclass(frozen=True)
class MeasurementStore:
    """Values by key, made when needed; safe to share between processes."""

    objects: Objects

    def get(self, kind: type[T], key: CacheKey, make: Callable[[], T], fresh: bool = False) -> T:
        """The value under ``key``, or a new one (always with ``fresh``), which is then kept.

        Raises StoreError where it cannot be kept, and as ``make``.
        """
        value = None if fresh else self.known(kind, key)
        if value is None:
            value = make()
            write_value(self.objects, _name(key), value)
        return value

    def known(self, kind: type[T], key: CacheKey) -> T | None:
        """The value under ``key``, None where there is none that can be read."""
        return read_value(kind, self.objects, _name(key))


def measurements_in(folder: Path) -> MeasurementStore:
    """The measurements of a folder."""
    return MeasurementStore(FileObjects(folder))


def _name(key: CacheKey) -> str:
    return f"{key.kind}/{key.digest[:32]}.json"
