"""Writes to a SQLite file: a thread with group commit, and short ones in the thread that asks.

A result is first written as it is by the thread that has it, which takes one page of the file; then its frame
can be answered. What it is searched by, a dozen pages, is written by the thread here, for many at once where
many came. What a killed process had not got to is indexed at the next start.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, TypeAlias

from evosplit.edge.results.commit_signal import CommitSignal
from evosplit.edge.results.schema import clear_unindexed, insert_result, insert_unindexed
from evosplit.shared.errors import EvoSplitError, StoreError
from evosplit.shared.result import Result
from evosplit.shared.serial import to_compact_json

_BATCH: Final = 256
_UNWRITABLE: Final = (ValueError, TypeError, OverflowError, EvoSplitError)
"""What is raised for values that are no row."""

_NO_ROW: Final = (*_UNWRITABLE, sqlite3.InterfaceError, sqlite3.ProgrammingError)

_log = logging.getLogger(__name__)

Write: TypeAlias = Callable[[sqlite3.Connection], None]
_Batch: TypeAlias = list[tuple[Write, "Future[None]"]]


class WriteThread:
    """Executes statements on ``connection``, in transactions that are indexed up to then.

    ``trim`` is called in each of them; ``commits`` is told of it. Every method may be called by any thread.
    """

    def __init__(self, connection: sqlite3.Connection, trim: Write, commits: CommitSignal) -> None:
        self._connection = connection
        self._trim = trim
        self._commits = commits
        self._lock = threading.Lock()
        self._unindexed: list[tuple[Result, bytes]] = []
        self._writes: queue.SimpleQueue[tuple[Write, Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="store-writer", daemon=True)
        self._thread.start()

    def ask(self, statements: Write) -> Future[None]:
        """Have statements executed in the thread's next transaction. Ends with StoreError."""
        done: Future[None] = Future()
        # From here on nobody can cancel it: a caller that goes away must not end the thread that writes.
        done.set_running_or_notify_cancel()
        self._writes.put((statements, done))
        return done

    def add_here(self, result: Result) -> bytes:
        """Write a result, as the JSON given back, in this thread; it is indexed with what is asked for next.

        Raises StoreError.
        """
        try:
            body = to_compact_json(result)
            with self._lock:
                with self._connection:
                    insert_unindexed(self._connection, body)
                self._unindexed.append((result, body))
        except (sqlite3.Error, *_UNWRITABLE) as reason:
            raise _cannot(reason) from None
        return body

    def index_now(self) -> None:
        """Have every result in the indexes, where the disk allows it. Blocks."""
        if self._unindexed and self._thread.is_alive():
            wait([self.ask(nothing)])

    def close(self) -> None:
        """Write what was asked for, then end."""
        self.index_now()
        self._writes.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (first := self._writes.get()) is not None:
            batch, last = [first], False
            while len(batch) < _BATCH and not self._writes.empty():
                item = self._writes.get()
                if item is None:
                    last = True
                    break
                batch.append(item)
            self._write(batch)
            if last:
                return

    def _write(self, batch: _Batch) -> None:
        try:
            self._commit(batch)
        except sqlite3.Error as broken:
            _refuse(batch, broken)
        except _UNWRITABLE as unwritable:
            if len(batch) == 1:
                _refuse(batch, unwritable)
            else:  # one of them is no row; the others are not to suffer, nor is this thread to end
                for item in batch:
                    self._write([item])
        else:
            for _, done in batch:
                done.set_result(None)
            self._commits.commit()

    def _commit(self, batch: _Batch) -> None:
        with self._lock:
            with self._connection:
                for result, body in self._unindexed:
                    self._index(result, body)
                clear_unindexed(self._connection)
                for write, _ in batch:
                    write(self._connection)
                self._trim(self._connection)
            self._unindexed = []

    def _index(self, result: Result, body: bytes) -> None:
        """What cannot be searched is not refused, as its frame has been answered, and stops no other."""
        try:
            insert_result(self._connection, result, body)
        except _NO_ROW:
            _log.exception("the result of frame %s is found by its id and time alone", result.frame_id)


def nothing(_db: sqlite3.Connection) -> None:
    """No statements: results are indexed, that is all."""


def _refuse(batch: _Batch, reason: Exception) -> None:
    for _, done in batch:
        done.set_exception(_cannot(reason))


def _cannot(reason: Exception) -> StoreError:
    return StoreError(f"the result store cannot be written: {reason}")
