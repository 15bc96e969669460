"""Content-addressed store of bundles, and of what else edges are served by digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError, NotFoundError
from evosplit.shared.storage.objects import Objects

_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleStore:
    """Objects ``DIGEST.evb``. Several processes may share them: they appear whole or not at all."""

    objects: Objects

    def find(self, digest: str) -> Path:
        """A local file of a digest. Raises NotFoundError, StoreError."""
        if not _DIGEST.fullmatch(digest):
            raise NotFoundError(f"no bundle {digest[:64]!r} here")
        try:
            return self.objects.file(f"{digest}.evb")
        except NotFoundError:
            raise NotFoundError(f"no bundle {digest!r} here") from None

    def has(self, digest: str) -> bool:
        """Whether there is a bundle of that digest. Raises StoreError."""
        return bool(_DIGEST.fullmatch(digest)) and self.objects.has(f"{digest}.evb")

    def place(self, name: str) -> Path:
        """A local path to write a new bundle to, before its digest is known. Raises StoreError."""
        return self.objects.new_file(name)

    def adopt(self, written: Path, digest: str) -> None:
        """Keep a written bundle under its name. Raises StoreError."""
        self.objects.adopt(written, f"{digest}.evb")

    def take(self, content: bytes, name: str) -> Bundle:
        """Verify a bundle that was sent, and keep it. Raises BundleError, StoreError."""
        written = self.place(name)
        written.write_bytes(content)
        try:
            bundle = Bundle.open(written)
        except BundleError:
            written.unlink(missing_ok=True)
            raise
        self.adopt(written, bundle.digest)
        return bundle
