"""SQL schema of the result store, and its statements within the caller's transaction."""

from __future__ import annotations

import sqlite3
from typing import Final

from evosplit.shared.result import Result
from evosplit.shared.serial import to_json

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accepted (
    frame_id TEXT PRIMARY KEY, stream TEXT NOT NULL, model TEXT NOT NULL, received_at_s REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spooled (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, frame_id TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
    request BLOB NOT NULL, content BLOB NOT NULL, outputs BLOB
);
CREATE TABLE IF NOT EXISTS results (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, frame_id TEXT NOT NULL UNIQUE, stream TEXT NOT NULL,
    received_at_s REAL NOT NULL, answered_by TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cursors (reader TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS results_by_time ON results (received_at_s);
CREATE TABLE IF NOT EXISTS totals (kept INTEGER NOT NULL, size_bytes INTEGER NOT NULL);
INSERT INTO totals SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM totals);
CREATE TRIGGER IF NOT EXISTS results_added AFTER INSERT ON results
    BEGIN UPDATE totals SET kept = kept + 1, size_bytes = size_bytes + length(new.body); END;
CREATE TRIGGER IF NOT EXISTS results_dropped AFTER DELETE ON results
    BEGIN UPDATE totals SET kept = kept - 1, size_bytes = size_bytes - length(old.body); END;
"""

_INSERT: Final = """
INSERT OR IGNORE INTO results (frame_id, stream, received_at_s, answered_by, body) VALUES (?, ?, ?, ?, ?)
"""
_DROP_OLDEST: Final = """
DELETE FROM results WHERE sequence IN (SELECT sequence FROM results ORDER BY sequence LIMIT ?)
"""


def insert_result(db: sqlite3.Connection, result: Result) -> None:
    """Exchange the note of a frame, or what is kept to be sent of it, for its result; the first one stays."""
    row = (result.frame_id, result.stream, result.received_at_s, result.answered_by, to_json(result))
    db.execute(_INSERT, row)
    db.execute("DELETE FROM accepted WHERE frame_id = ?", (result.frame_id,))
    db.execute("DELETE FROM spooled WHERE frame_id = ?", (result.frame_id,))


def interrupted(db: sqlite3.Connection) -> list[Result]:
    """Failures for the frames that an earlier run accepted and never finished."""
    rows = db.execute("SELECT frame_id, stream, model, received_at_s FROM accepted").fetchall()
    error = "the agent stopped before the frame was finished"
    return [
        Result(frame_id, stream, model, received_at_s, "nobody", None, None, None, 0, error=error)
        for frame_id, stream, model, received_at_s in rows
    ]


def trim(db: sqlite3.Connection, keep_results: int, keep_bytes: int) -> None:
    """Drop the oldest results until both limits hold (a tenth of the rows at a time for the bytes)."""
    while True:
        kept, size_bytes = db.execute("SELECT kept, size_bytes FROM totals").fetchone()
        surplus = max(kept - keep_results, 0)
        if size_bytes > keep_bytes and kept > 0:
            surplus = max(surplus, kept // 10, 1)
        if not surplus:
            return
        db.execute(_DROP_OLDEST, (surplus,))
