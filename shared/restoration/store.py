"""Folder of restoration networks, by name; read once, and checked against the name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import RestorationError
from evosplit.shared.lru import Lru
from evosplit.shared.restoration.network import Restoration, read_restoration

RestorationOf: TypeAlias = Callable[[str], Restoration]
"""The restoration of a name. Raises RestorationError."""

_HELD_BYTES: Final = 64 * 10**6


class RestorationStore:
    """``NAME.onnx`` files; several processes may share a folder, since files appear whole or not at all.

    Safe to call from several threads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: Lru[str, Restoration] = Lru(_HELD_BYTES)
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Restoration:
        """The restoration of a name. Raises RestorationError for one that is not here, or is damaged."""
        with self._lock:
            held = self._held.get(name)
        if held is not None:
            return held
        if not name.isalnum():
            raise RestorationError("a restoration's name is hexadecimal digits")
        try:
            content = self._place(name).read_bytes()
        except OSError:
            raise RestorationError(f"no restoration {name} here: have plans made again") from None
        restoration = read_restoration(content, name)
        with self._lock:
            self._held.put(name, restoration, len(content))
        return restoration

    def keep(self, restoration: Restoration) -> None:
        """Write it where it is not there yet. Raises OSError."""
        place = self._place(restoration.name)
        if not place.is_file():
            write_whole(place, restoration.content, rivals=True)

    def _place(self, name: str) -> Path:
        return self._folder / f"{name}.onnx"
