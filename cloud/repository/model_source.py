"""Sources of models: a folder that others fill, or a bucket (S3) of which a folder is kept as a copy.

A copy is by digest: an object is fetched again when its entity tag has changed. Each file appears whole, so
that `evosplit.cloud.repository.watch` takes it up like one that was renamed into place.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from evosplit.cloud.storage.s3_objects import SCHEME, s3_objects
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import NotFoundError, StoreError
from evosplit.shared.storage.objects import Entry, Objects, is_name

LIST_S: Final = 10.0
"""How often a bucket is listed; every listing is paid for."""
_MARKS: Final = ".marks"
_PARTIAL: Final = ".partial"


class ModelSource(Protocol):
    """Where models come from."""

    @property
    def folder(self) -> Path:
        """The local folder in which they lie."""

    def refresh(self) -> None:
        """Bring the folder up to date. Raises StoreError."""


@dataclass(frozen=True)
class ModelFolder:
    """A folder that others fill."""

    folder: Path

    def refresh(self) -> None:
        """Nothing: what is there is up to date."""


class ModelMirror:
    """A folder that has what the objects have; several processes may share it. ``clock`` gives seconds.

    The entity tag of each file lies under ``.marks``, written after the file: what was broken off is fetched
    again.
    """

    def __init__(self, objects: Objects, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._objects, self._clock = objects, clock
        self._next_s = float("-inf")

    def refresh(self) -> None:
        """List the objects unless that was done just now, fetch what has changed, drop what is gone."""
        if self._clock() < self._next_s:
            return
        entries = {entry.name: entry for entry in self._objects.entries() if is_name(entry.name)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for entry in entries.values():
                if self._mark(entry.name) != entry.mark:
                    self._fetch(entry)
            self._drop(entries)
        except OSError as problem:
            raise StoreError(
                f"cannot keep a copy of the models in {self.folder}: {problem.strerror}"
            ) from None
        self._next_s = self._clock() + LIST_S

    def _mark(self, name: str) -> str | None:
        if not (self.folder / name).is_file():
            return None
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / _MARKS / name).read_text()
        return None

    def _fetch(self, entry: Entry) -> None:
        with contextlib.suppress(NotFoundError):  # gone since it was listed
            content = self._objects.read(entry.name)
            write_whole(self.folder / entry.name, content, rivals=True)
            write_whole(self.folder / _MARKS / entry.name, entry.mark.encode(), rivals=True)

    def _drop(self, kept: Iterable[str]) -> None:
        names = set(kept)
        for path in sorted(self.folder.rglob("*"), reverse=True):
            name = path.relative_to(self.folder).as_posix().removeprefix(f"{_MARKS}/")
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()  # where it is empty
            elif name not in names and path.suffix != _PARTIAL:
                path.unlink(missing_ok=True)


def model_source(place: str, data: Path) -> ModelSource:
    """The folder, or ``s3://BUCKET/PREFIX`` with a copy in the data folder.

    Raises UsageError, MissingExtraError, StoreError.
    """
    if not is_bucket(place):
        return ModelFolder(Path(place))
    digest = hashlib.sha256(place.encode()).hexdigest()
    folder = data / f"models-{digest[:12]}"
    return ModelMirror(s3_objects(place, data / "copies"), folder)


def is_bucket(place: str) -> bool:
    """Whether it is the address of a bucket, and not a folder."""
    return place.startswith(f"{SCHEME}://")
