"""Result store in SQLite: one writer thread, many frames to a transaction, oldest dropped first.

A frame is noted when it is accepted, and that note is exchanged for its result. What is still noted at the
next start was accepted and never finished: it becomes a recorded failure.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evosplit.edge.results.commit_signal import CommitSignal
from evosplit.edge.results.schema import (
    clear_unindexed,
    create,
    insert_result,
    interrupted,
    trim,
    unindexed_results,
)
from evosplit.edge.results.write_thread import Write, WriteThread, nothing
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.serial import from_json, to_compact_json

PATIENCE_S: Final = 20.0
"""Another process (a backup, a browser of databases) may lock the file for so long."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """A frame that must end in exactly one result. ``received_at_s`` is Unix time."""

    frame_id: str
    stream: str
    model: str
    received_at_s: float


class Store:
    """The results of one agent. Methods that return a Future end, committed, in the writer thread.

    ``commits`` tells readers of new rows. Results older than ``keep_for_s`` by the clock ``wall_s`` are
    dropped when others come. A file that another process locks is waited for, ``patience_s`` at most.
    """

    def __init__(
        self,
        path: Path,
        keep_results: int = 100_000,
        keep_bytes: int = 256 * 10**6,
        patience_s: float = PATIENCE_S,
        keep_for_s: float | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._keep = (keep_results, keep_bytes)
        self._keep_for_s = keep_for_s
        self._wall_s = wall_s
        self._read_lock = threading.Lock()
        self._closed = False
        self.commits = CommitSignal()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _connect(path, patience_s)
            self._reader = _connect(path, patience_s)
            self.interrupted = self._recover()
        except (sqlite3.Error, OSError) as broken:
            raise StoreError(f"cannot open the result store {path}: {broken}") from None
        self._writes = WriteThread(self._writer, self._trim, self.commits)

    def accept(self, frame: Accepted) -> Future[None]:
        """Note a frame before it is worked on. StoreError when it cannot be written."""
        row = (frame.frame_id, frame.stream, frame.model, frame.received_at_s)
        noted = "INSERT OR IGNORE INTO accepted VALUES (?, ?, ?, ?)"
        return self.write(lambda db: _execute(db, noted, row))

    def withdraw(self, frame_id: str) -> Future[None]:
        """Drop the note of a frame that is not accepted after all. StoreError as above."""
        dropped = "DELETE FROM accepted WHERE frame_id = ?"
        return self.write(lambda db: _execute(db, dropped, (frame_id,)))

    def finish(self, result: Result) -> Future[None]:
        """Exchange the note for the result; the first result of a frame stays. StoreError as above."""
        return self.write(lambda db: insert_result(db, result, to_compact_json(result)))

    def finish_here(self, result: Result) -> bytes:
        """As `finish`, committed in this thread, which it blocks for a moment; its JSON. Raises StoreError.

        Until `index` or another write, whoever reads has to have it indexed first, as `select` does.
        """
        return self._writes.add_here(result)

    def index(self) -> Future[None]:
        """Have results searchable that are not yet, and whoever waits for results told."""
        return self.write(nothing)

    def write(self, statements: Write) -> Future[None]:
        """Have statements executed in the writer's next transaction. StoreError as above."""
        return self._writes.ask(statements)

    def get(self, frame_id: str) -> Result | None:
        """The result of a frame, or None. Blocks for a read."""
        rows = self.select("SELECT body FROM results WHERE frame_id = ?", (frame_id,))
        return from_json(Result, rows[0][0], StoreError) if rows else None

    def select(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Rows of a query on the read connection, after all that was finished. Raises StoreError."""
        self._writes.index_now()
        try:
            with self._read_lock:
                return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as broken:
            raise StoreError(f"the result store cannot be read: {broken}") from None

    def close(self) -> None:
        """Write what is queued, then close. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._writes.close()
        self._writer.close()
        with self._read_lock:  # a thread may be reading for somebody who is not waiting any more
            self._reader.close()

    def _recover(self) -> int:
        """Results that were not indexed are now; notes without one become failures."""
        with self._writer:
            create(self._writer)
            for result in unindexed_results(self._writer):
                insert_result(self._writer, result, to_compact_json(result))
            clear_unindexed(self._writer)
            lost = interrupted(self._writer)
            for result in lost:
                insert_result(self._writer, result, to_compact_json(result))
            self._trim(self._writer)
        return len(lost)

    def _trim(self, db: sqlite3.Connection) -> None:
        since_s = None if self._keep_for_s is None else self._wall_s() - self._keep_for_s
        trim(db, *self._keep, since_s)


def open_store(path: Path, keep_results: int, keep_bytes: int, keep_for_s: float | None = None) -> Store:
    """The store of an earlier run, or a new one; what was never finished is said in the log."""
    store = Store(path, keep_results, keep_bytes, keep_for_s=keep_for_s)
    if store.interrupted:
        _log.warning(
            "%d frames of an earlier run were never finished: recorded as failures", store.interrupted
        )
    return store


def _connect(path: Path, patience_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, timeout=patience_s)
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode this survives a crash of the process; a power cut may cost the last moments, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _execute(db: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> None:
    db.execute(statement, values)
