"""JSON file cache of values that are slow to make and stay true."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.serial import from_json, to_json

T = TypeVar("T")


def read_kept(kind: type[T], path: Path) -> T | None:
    """The value at ``path``, or None where there is none that can be read."""
    try:
        return from_json(kind, path.read_bytes(), EvoSplitError)
    except (OSError, EvoSplitError):
        return None


def write_kept(path: Path, value: object) -> None:
    """Write whole or not at all."""
    write_whole(path, to_json(value), rivals=True)
