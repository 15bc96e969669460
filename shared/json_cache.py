"""What is slow to make and stays true: kept as a JSON file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.serial import from_json, to_json

T = TypeVar("T")


def kept(kind: type[T], path: Path, make: Callable[[], T]) -> T:
    """The value kept at ``path``, or a new one, which is then kept. A broken file is made again."""
    value = read_kept(kind, path)
    if value is None:
        value = make()
        write_kept(path, value)
    return value


def read_kept(kind: type[T], path: Path) -> T | None:
    """The value at ``path``, or None where there is none that can be read."""
    try:
        return from_json(kind, path.read_bytes(), EvoSplitError)
    except (OSError, EvoSplitError):
        return None


def write_kept(path: Path, value: object) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(to_json(value))
    partial.replace(path)
