"""Exclusive lock on the data directory: two agents would take each other's frames for lost ones."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from evosplit.shared.errors import StoreError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process, which the system ends with it however it ends. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        holder = (folder / "lock").open("w")
    except OSError as problem:
        raise StoreError(
            f"cannot use the data directory {folder}: {problem.strerror}; choose another: --data"
        ) from None
    with holder:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"another agent uses the data directory {folder}") from None
        yield
