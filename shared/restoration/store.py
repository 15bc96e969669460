"""Store of restoration networks, by name; read once, and checked against the name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from evosplit.shared.errors import NotFoundError, RestorationError
from evosplit.shared.lru import Lru
from evosplit.shared.restoration.network import Restoration, read_restoration
from evosplit.shared.storage.objects import Objects

RestorationOf: TypeAlias = Callable[[str], Restoration]
"""The restoration of a name. Raises RestorationError."""

_HELD_BYTES: Final = 64 * 10**6


class RestorationStore:
    """Objects ``NAME.onnx``; several processes may share them, since they appear whole or not at all.

    Safe to call from several threads.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._held: Lru[str, Restoration] = Lru(_HELD_BYTES)
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Restoration:
        """The restoration of a name. Raises RestorationError for one that is not here, or is damaged.

        Also StoreError.
        """
        with self._lock:
            held = self._held.get(name)
        if held is not None:
            return held
        if not name.isalnum():
            raise RestorationError("a restoration's name is hexadecimal digits")
        try:
            content = self._objects.read(f"{name}.onnx")
        except NotFoundError:
            raise RestorationError(f"no restoration {name} here: have plans made again") from None
        restoration = read_restoration(content, name)
        with self._lock:
            self._held.put(name, restoration, len(content))
        return restoration

    def keep(self, restoration: Restoration) -> None:
        """Write it where it is not there yet. Raises StoreError."""
        name = f"{restoration.name}.onnx"
        if not self._objects.has(name):
            self._objects.write(name, restoration.content)
