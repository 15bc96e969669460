"""Result log with durable cursors: results in the order of finishing, read on from a kept place.

The log is the result store itself, so that what a reader has not had yet outlives the process without a
second copy, for as long as the store keeps results.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from evosplit.edge.results.store import Store
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.serial import from_json

_KEEP: Final = """
INSERT INTO cursors (reader, sequence) VALUES (?, ?)
ON CONFLICT (reader) DO UPDATE SET sequence = excluded.sequence
"""


@dataclass(frozen=True)
class LoggedResult:
    """A result and its place; places grow, and are never given twice."""

    sequence: int
    result: Result


class ResultLog:
    """The results of ``store`` as a log. Reads block; all raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = store.commits

    def after(self, sequence: int, limit: int) -> tuple[LoggedResult, ...]:
        """The results behind a place, the oldest first."""
        query = "SELECT sequence, body FROM results WHERE sequence > ? ORDER BY sequence LIMIT ?"
        rows = self._store.select(query, (sequence, limit))
        return tuple(LoggedResult(row[0], from_json(Result, row[1], StoreError)) for row in rows)

    def newest(self) -> int:
        """The place of the last result, 0 before the first."""
        return int(self._store.select("SELECT coalesce(max(sequence), 0) FROM results", ())[0][0])

    def oldest(self) -> int:
        """The place of the first result that is still kept; behind the last where there is none."""
        query = "SELECT coalesce(min(sequence), 0) FROM results"
        return int(self._store.select(query, ())[0][0]) or self.newest() + 1

    def cursor(self, reader: str) -> int | None:
        """Where a reader stopped, None for a new one."""
        rows = self._store.select("SELECT sequence FROM cursors WHERE reader = ?", (reader,))
        return int(rows[0][0]) if rows else None

    def keep(self, reader: str, sequence: int) -> Future[None]:
        """A reader has had everything up to this place."""
        return self._store.write(lambda db: _keep(db, (reader, sequence)))


def _keep(db: sqlite3.Connection, row: tuple[object, ...]) -> None:
    db.execute(_KEEP, row)
