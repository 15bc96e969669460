"""What is slow to measure and stays true: kept under the user's cache folder, by digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shared.errors import EvoSplitError
from shared.serial import from_json, to_json

T = TypeVar("T")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evosplit`, or `~/.cache/evosplit`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evosplit"


def cached(kind: type[T], key: tuple[object, ...], make: Callable[[], T], fresh: bool = False) -> T:
    """The value kept under ``key``, or a new one, which is then kept. A broken entry is made again."""
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    path = cache_folder() / f"{kind.__name__.lower()}-{name}.json"
    if not fresh and path.exists():
        try:
            return from_json(kind, path.read_bytes(), EvoSplitError)
        except EvoSplitError:
            path.unlink(missing_ok=True)
    value = make()
    _keep(path, to_json(value))
    return value


def _keep(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        return  # a cache that cannot be written costs time, not answers
