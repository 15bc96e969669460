"""Where the command keeps what is slow to measure and stays true."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evosplit.shared.cache_key import CacheKey
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.json_cache import kept

T = TypeVar("T")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evosplit`, or `~/.cache/evosplit`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evosplit"


def cached(kind: type[T], key: CacheKey, make: Callable[[], T], fresh: bool = False) -> T:
    """The value kept under ``key``, or a new one (always with ``fresh``), which is then kept."""
    path = cache_folder() / f"{key.kind}-{key.digest[:32]}.json"
    try:
        if fresh:
            path.unlink(missing_ok=True)
        return kept(kind, path, make)
    except OSError as error:
        raise EvoSplitError(f"cannot keep {path}: {error.strerror}") from None
