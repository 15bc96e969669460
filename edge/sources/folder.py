"""Watched folder: picture files in the order in which they were put there, each once it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import SourceSettings

LOOK_S: Final = 0.2
LARGEST_BYTES: Final = 64 * 10**6
SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)


@dataclass(frozen=True, order=True)
class _Entry:
    """Sorted by time, then name."""

    changed_ns: int
    name: str
    size_bytes: int


class FolderSource:
    """Files that are new or changed since the last look; those that are there at the start count, too.

    A file is whole when two looks see the same size and time.
    """

    def __init__(self, told: SourceSettings, look_s: float = LOOK_S) -> None:
        self._folder = Path(told.address)
        self._look_s = look_s
        self.where = told.where

    async def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """As `FrameSource.frames`; it never ends."""
        taken: dict[str, _Entry] = {}
        seen: set[_Entry] = set()
        number = 0
        while True:
            now = await asyncio.to_thread(self._entries)
            names = {entry.name for entry in now}
            taken = {name: entry for name, entry in taken.items() if name in names}
            for entry in sorted(now):
                if entry in seen and taken.get(entry.name) != entry:
                    taken[entry.name] = entry
                    content = await asyncio.to_thread(self._content, entry)
                    if content is not None:
                        yield SourceFrame(content, entry.changed_ns / 1e9, number)
                        number += 1
            seen = set(now)
            await asyncio.sleep(self._look_s)

    def _entries(self) -> list[_Entry]:
        try:
            files = [path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES]
        except OSError as gone:
            raise SourceError(f"cannot be read: {gone.strerror}") from None
        entries = []
        for path in files:
            try:
                told = path.stat()
            except OSError:  # it was taken away meanwhile
                continue
            if 0 < told.st_size <= LARGEST_BYTES:
                entries.append(_Entry(told.st_mtime_ns, path.name, told.st_size))
        return entries

    def _content(self, entry: _Entry) -> bytes | None:
        """None for a file that was taken away, or may not be read."""
        try:
            return (self._folder / entry.name).read_bytes()
        except OSError:
            return None
