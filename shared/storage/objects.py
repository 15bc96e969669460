"""Object storage interface: whole values of bytes by name, in a folder or in a bucket.

Names are relative paths (``bundles/ab12.evb``). Most are digests, so what lies under a name seldom changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from evosplit.shared.errors import EvoSplitError, NotFoundError
from evosplit.shared.serial import from_json, to_json

T = TypeVar("T")

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Entry:
    """One object: its name below where it was listed, its bytes, and when it was written (Unix time).

    ``mark`` is another one when the content is (an entity tag).
    """

    name: str
    size_bytes: int
    changed_s: float
    mark: str


class Objects(Protocol):
    """Objects by name; several processes may share them, since each appears whole or not at all.

    Every method raises StoreError where the storage cannot be read or written.
    """

    def read(self, name: str) -> bytes:
        """The content. Raises NotFoundError."""

    def write(self, name: str, content: bytes) -> None:
        """Put the content in the place of what is there."""

    def has(self, name: str) -> bool:
        """Whether there is such an object."""

    def entries(self) -> tuple[Entry, ...]:
        """All objects, by name."""

    def remove(self, name: str) -> None:
        """Drop an object; nothing where there is none."""

    def file(self, name: str) -> Path:
        """A local file with the content, to be read alone. Raises NotFoundError."""

    def new_file(self, name: str) -> Path:
        """A local path to write to, for `adopt`."""

    def adopt(self, written: Path, name: str) -> None:
        """Make an object of a local file that `new_file` named; the file is gone then."""

    def below(self, folder: str) -> Objects:
        """Those whose names begin with ``folder/``, without it."""


def is_name(name: str) -> bool:
    """Whether every part of it is one of a file, and none begins with a dot."""
    return all(_PART.fullmatch(part) for part in name.split("/"))


def checked_name(name: str) -> str:
    """The name, if every part of it is one of a file. Raises NotFoundError: nothing is called otherwise."""
    if not is_name(name):
        raise NotFoundError(f"nothing is stored as {name[:80]!r}")
    return name


def read_value(kind: type[T], objects: Objects, name: str) -> T | None:
    """The value kept as JSON, or None where there is none, or one of another version. Raises StoreError."""
    try:
        content = objects.read(name)
    except NotFoundError:
        return None
    try:
        return from_json(kind, content, EvoSplitError)
    except EvoSplitError:
        return None


def write_value(objects: Objects, name: str, value: object) -> None:
    """Keep a value as JSON. Raises StoreError."""
    objects.write(name, to_json(value))
