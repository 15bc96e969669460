"""Content-addressed store of bundles on disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.shared.errors import NotFoundError

_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleStore:
    """A folder of ``DIGEST.evb``. Several processes may share it: files appear whole or not at all."""

    folder: Path

    def find(self, digest: str) -> Path:
        """The file of a digest. Raises NotFoundError."""
        path = self.folder / f"{digest}.evb"
        if not _DIGEST.fullmatch(digest) or not path.is_file():
            raise NotFoundError(f"no bundle {digest[:64]!r} here")
        return path

    def has(self, digest: str) -> bool:
        """Whether there is a bundle of that digest."""
        return bool(_DIGEST.fullmatch(digest)) and (self.folder / f"{digest}.evb").is_file()

    def place(self, name: str) -> Path:
        """A path in the same folder to write a new bundle to, before its digest is known."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{name}.new"

    def adopt(self, written: Path, digest: str) -> Path:
        """Give a written bundle its name."""
        return written.replace(self.folder / f"{digest}.evb")
