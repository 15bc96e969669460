"""SQL schema of the result store, and its statements within the caller's transaction.

A result lies in the table ``unindexed`` until `insert_result` makes it one to be found. The table ``blocks``
has the times of each thousand results, which are in the order in which they were finished, not quite in that
in which they came.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.result_query import things_of
from evosplit.shared.serial import from_json

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accepted (
    frame_id TEXT PRIMARY KEY, stream TEXT NOT NULL, model TEXT NOT NULL, received_at_s REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unindexed (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spooled (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, frame_id TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
    request BLOB NOT NULL, content BLOB NOT NULL, outputs BLOB
);
CREATE TABLE IF NOT EXISTS results (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, frame_id TEXT NOT NULL UNIQUE, stream TEXT NOT NULL,
    received_at_s REAL NOT NULL, answered_by TEXT NOT NULL, body BLOB NOT NULL,
    model TEXT, plan_digest TEXT, cut_key TEXT, late INTEGER
);
CREATE TABLE IF NOT EXISTS things (
    sequence INTEGER NOT NULL, number INTEGER NOT NULL,
    label TEXT, confidence REAL, text TEXT, x REAL, y REAL,
    PRIMARY KEY (sequence, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (reader TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS results_by_time ON results (received_at_s);
CREATE INDEX IF NOT EXISTS results_by_stream ON results (stream, sequence);
CREATE INDEX IF NOT EXISTS results_by_answer ON results (answered_by, sequence);
CREATE INDEX IF NOT EXISTS results_by_plan ON results (plan_digest, sequence);
CREATE INDEX IF NOT EXISTS results_by_cut ON results (cut_key, sequence);
CREATE INDEX IF NOT EXISTS things_by_label ON things (label, sequence, confidence, x, y);
CREATE INDEX IF NOT EXISTS things_by_sureness ON things (label, confidence);
CREATE INDEX IF NOT EXISTS things_by_text ON things (text) WHERE text IS NOT NULL;
CREATE INDEX IF NOT EXISTS things_by_confidence ON things (confidence, sequence);
CREATE TABLE IF NOT EXISTS blocks (block INTEGER PRIMARY KEY, first_s REAL NOT NULL, last_s REAL NOT NULL);
CREATE TRIGGER IF NOT EXISTS block_of_result AFTER INSERT ON results BEGIN
    INSERT INTO blocks VALUES (new.sequence / 1000, new.received_at_s, new.received_at_s)
        ON CONFLICT (block) DO UPDATE SET
            first_s = min(first_s, excluded.first_s), last_s = max(last_s, excluded.last_s);
END;
CREATE TABLE IF NOT EXISTS totals (kept INTEGER NOT NULL, size_bytes INTEGER NOT NULL);
INSERT INTO totals SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM totals);
CREATE TRIGGER IF NOT EXISTS results_added AFTER INSERT ON results
    BEGIN UPDATE totals SET kept = kept + 1, size_bytes = size_bytes + length(new.body); END;
CREATE TRIGGER IF NOT EXISTS results_dropped AFTER DELETE ON results
    BEGIN UPDATE totals SET kept = kept - 1, size_bytes = size_bytes - length(old.body); END;
CREATE TRIGGER IF NOT EXISTS things_dropped AFTER DELETE ON results
    BEGIN DELETE FROM things WHERE sequence = old.sequence; END;
"""

_log = logging.getLogger(__name__)

_INSERT: Final = """
INSERT OR IGNORE INTO results
    (frame_id, stream, received_at_s, answered_by, body, model, plan_digest, cut_key, late)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_THING: Final = "INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)"
_FILL: Final = "UPDATE results SET model = ?, plan_digest = ?, cut_key = ?, late = ? WHERE sequence = ?"
_FILL_BLOCKS: Final = """
INSERT INTO blocks SELECT sequence / 1000, min(received_at_s), max(received_at_s) FROM results GROUP BY 1
"""
_ADDED: Final = ("model TEXT", "plan_digest TEXT", "cut_key TEXT", "late INTEGER")
"""Columns that stores of earlier versions lack."""
_FILLED: Final = 1000
_DROP_OLDEST: Final = """
DELETE FROM results WHERE sequence IN (SELECT sequence FROM results ORDER BY sequence LIMIT ?)
"""


def create(db: sqlite3.Connection) -> None:
    """Make what is not there yet; results of a store of an earlier version become searchable."""
    known = [row[1] for row in db.execute("PRAGMA table_info(results)")]
    old = [column for column in _ADDED if known and column.split()[0] not in known]
    for column in old:
        db.execute(f"ALTER TABLE results ADD COLUMN {column}")
    db.executescript(SCHEMA)
    if db.execute("SELECT NOT EXISTS (SELECT 1 FROM blocks)").fetchone()[0]:
        db.execute(_FILL_BLOCKS)
    while rows := db.execute(
        "SELECT sequence, body FROM results WHERE model IS NULL LIMIT ?", (_FILLED,)
    ).fetchall():
        for sequence, body in rows:
            _make_searchable(db, sequence, body)


def _make_searchable(db: sqlite3.Connection, sequence: int, body: bytes) -> None:
    """A row of an earlier version; one that cannot be read is found by its time alone."""
    try:
        result = from_json(Result, body, StoreError)
    except StoreError:
        db.execute(_FILL, ("", None, None, 0, sequence))
        return
    db.execute(_FILL, (*_searched(result), sequence))
    _insert_things(db, sequence, result)


def insert_unindexed(db: sqlite3.Connection, body: bytes) -> None:
    """A result as it is, which then outlives the process; the note of its frame stays beside it."""
    db.execute("INSERT INTO unindexed (body) VALUES (?)", (body,))


def unindexed_results(db: sqlite3.Connection) -> list[Result]:
    """What an earlier run did not get to, in that order; what cannot be read is left out, and said."""
    bodies = db.execute("SELECT body FROM unindexed ORDER BY sequence").fetchall()
    return [result for (body,) in bodies if (result := _read(body)) is not None]


def _read(body: bytes) -> Result | None:
    try:
        return from_json(Result, body, StoreError)
    except StoreError as unreadable:
        _log.warning("a result of an earlier run cannot be read: %s", unreadable)
        return None


def clear_unindexed(db: sqlite3.Connection) -> None:
    """All of them have their places in the indexes."""
    db.execute("DELETE FROM unindexed")


def insert_result(db: sqlite3.Connection, result: Result, body: bytes) -> None:
    """Exchange the note of a frame, or what is kept to be sent of it, for its result; the first one stays."""
    row = (result.frame_id, result.stream, result.received_at_s, result.answered_by, body)
    inserted = db.execute(_INSERT, (*row, *_searched(result)))
    if inserted.rowcount and inserted.lastrowid is not None:
        _insert_things(db, inserted.lastrowid, result)
    db.execute("DELETE FROM accepted WHERE frame_id = ?", (result.frame_id,))
    db.execute("DELETE FROM spooled WHERE frame_id = ?", (result.frame_id,))


def _searched(result: Result) -> tuple[object, ...]:
    return result.model, result.plan_digest, result.cut_key, int(result.late)


def _insert_things(db: sqlite3.Connection, sequence: int, result: Result) -> None:
    for number, thing in enumerate(things_of(result)):
        folded = None if thing.text is None else thing.text.casefold()
        centre = thing.centre or (None, None)
        db.execute(_INSERT_THING, (sequence, number, thing.label, thing.confidence, folded, *centre))


def interrupted(db: sqlite3.Connection) -> list[Result]:
    """Failures for the frames that an earlier run accepted and never finished."""
    rows = db.execute("SELECT frame_id, stream, model, received_at_s FROM accepted").fetchall()
    error = "the agent stopped before the frame was finished"
    return [
        Result(frame_id, stream, model, received_at_s, "nobody", None, None, None, 0, error=error)
        for frame_id, stream, model, received_at_s in rows
    ]


def trim(db: sqlite3.Connection, keep_results: int, keep_bytes: int, since_s: float | None) -> None:
    """Drop results that came before a moment, and the oldest until both other limits hold.

    For the bytes a tenth of the rows goes at a time.
    """
    if since_s is not None:
        db.execute("DELETE FROM results WHERE received_at_s < ?", (since_s,))
        db.execute("DELETE FROM blocks WHERE last_s < ?", (since_s,))
    while True:
        kept, size_bytes = db.execute("SELECT kept, size_bytes FROM totals").fetchone()
        surplus = max(kept - keep_results, 0)
        if size_bytes > keep_bytes and kept > 0:
            surplus = max(surplus, kept // 10, 1)
        if not surplus:
            return
        db.execute(_DROP_OLDEST, (surplus,))
