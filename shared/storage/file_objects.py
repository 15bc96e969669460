"""Object storage in a folder: a file for each object, written beside its place and renamed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import NotFoundError, StoreError
from evosplit.shared.storage.objects import Entry, Objects, checked_name

_UNFINISHED: Final = (".partial", ".new")


@dataclass(frozen=True)
class FileObjects:
    """As `evosplit.shared.storage.objects.Objects` says; the folder is made with the first object."""

    folder: Path

    def read(self, name: str) -> bytes:
        """The content. Raises NotFoundError, StoreError."""
        with _typed_errors(name):
            try:
                return self._place(name).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise NotFoundError(f"nothing is stored as {name!r}") from None

    def write(self, name: str, content: bytes) -> None:
        """Put the content in the place of what is there. Raises StoreError."""
        with _typed_errors(name):
            write_whole(self._place(name), content, rivals=True)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self._place(name).is_file()

    def entries(self) -> tuple[Entry, ...]:
        """All files below the folder, by name; what is just being written, or dropped, is left out."""
        listed = []
        for path in sorted(self.folder.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if path.is_file() and not path.name.endswith(_UNFINISHED):
                    name = path.relative_to(self.folder).as_posix()
                    mark = f"{status.st_ino}-{status.st_mtime_ns}"
                    listed.append(Entry(name, status.st_size, status.st_mtime_ns / 1e9, mark))
        return tuple(listed)

    def remove(self, name: str) -> None:
        """Drop a file, and its folder with the last one. Raises StoreError."""
        place = self._place(name)
        with _typed_errors(name):
            place.unlink(missing_ok=True)
        if place.parent != self.folder:
            with contextlib.suppress(OSError):
                place.parent.rmdir()

    def file(self, name: str) -> Path:
        """The file itself. Raises NotFoundError."""
        if not self.has(name):
            raise NotFoundError(f"nothing is stored as {name!r}")
        return self._place(name)

    def new_file(self, name: str) -> Path:
        """A path in the same folder. Raises StoreError."""
        place = self._place(f"{name}.new")
        with _typed_errors(name):
            place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def adopt(self, written: Path, name: str) -> None:
        """Give a written file its name. Raises StoreError."""
        with _typed_errors(name):
            written.replace(self._place(name))

    def below(self, folder: str) -> Objects:
        """Those of a folder in the folder."""
        return FileObjects(self._place(folder))

    def _place(self, name: str) -> Path:
        return self.folder / checked_name(name)


@contextlib.contextmanager
def _typed_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StoreError(f"cannot keep or read {name}: {problem.strerror}") from None
