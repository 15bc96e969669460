"""Thumbnails kept with results: bounded in bytes, the oldest dropped first, gone with their results."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from evosplit.edge.previews.preview import Preview
from evosplit.edge.results.store import Store

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS thumbnails (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, frame_id TEXT NOT NULL UNIQUE, jpeg BLOB NOT NULL,
        shown TEXT NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS thumbnail_bytes (size_bytes INTEGER NOT NULL)",
    "INSERT INTO thumbnail_bytes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM thumbnail_bytes)",
    """CREATE TRIGGER IF NOT EXISTS thumbnail_added AFTER INSERT ON thumbnails
        BEGIN UPDATE thumbnail_bytes SET size_bytes = size_bytes + length(new.jpeg); END""",
    """CREATE TRIGGER IF NOT EXISTS thumbnail_dropped AFTER DELETE ON thumbnails
        BEGIN UPDATE thumbnail_bytes SET size_bytes = size_bytes - length(old.jpeg); END""",
    """CREATE TRIGGER IF NOT EXISTS thumbnail_of_result AFTER DELETE ON results
        BEGIN DELETE FROM thumbnails WHERE frame_id = old.frame_id; END""",
)
_DROP_OLDEST: Final = """
DELETE FROM thumbnails WHERE sequence IN
    (SELECT sequence FROM thumbnails ORDER BY sequence LIMIT (SELECT 1 + count(*) / 20 FROM thumbnails))
"""


class Thumbnails:
    """In the database of the results. Methods that return a Future end, committed, in its writer thread."""

    def __init__(self, store: Store, keep_bytes: int) -> None:
        """Raises StoreError."""
        self._store = store
        self._keep_bytes = keep_bytes
        store.write(self._begin).result()

    def keep(self, frame_id: str, preview: Preview) -> Future[None]:
        """Keep the preview of a frame that has a result. StoreError as `Store.write`."""
        shown = json.dumps([preview.original, preview.region])
        return self._store.write(lambda db: self._insert(db, (frame_id, preview.jpeg, shown)))

    def get(self, frame_id: str) -> Preview | None:
        """The preview of a frame, or None. Blocks for a read; raises StoreError."""
        rows = self._store.select("SELECT jpeg, shown FROM thumbnails WHERE frame_id = ?", (frame_id,))
        if not rows:
            return None
        original, region = json.loads(rows[0][1])
        return Preview(rows[0][0], tuple(original), tuple(region))

    def size_bytes(self) -> int:
        """Bytes of all that are kept. Blocks for a read; raises StoreError."""
        return int(self._store.select("SELECT size_bytes FROM thumbnail_bytes", ())[0][0])

    def _begin(self, db: sqlite3.Connection) -> None:
        for statement in _SCHEMA:
            db.execute(statement)
        self._trim(db)

    def _insert(self, db: sqlite3.Connection, row: Sequence[object]) -> None:
        """Frames whose result is gone already are left out."""
        known = "SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM results WHERE frame_id = ?)"
        db.execute(
            f"INSERT OR IGNORE INTO thumbnails (frame_id, jpeg, shown) {known}",
            (*row, row[0]),
        )
        self._trim(db)

    def _trim(self, db: sqlite3.Connection) -> None:
        while db.execute("SELECT size_bytes FROM thumbnail_bytes").fetchone()[0] > self._keep_bytes:
            db.execute(_DROP_OLDEST)
