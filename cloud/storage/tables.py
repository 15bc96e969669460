"""SQL schema (SQLAlchemy Core) of records: documents by kind and key, and results of frames.

The same statements run on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA: Final = MetaData()

DOCUMENTS: Final = Table(
    "documents",
    METADATA,
    Column("kind", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("changed_s", Float(53), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("documents_by_time", "kind", "changed_s"),
)
"""Values as JSON; ``changed_s`` is Unix time."""

RESULTS: Final = Table(
    "results",
    METADATA,
    # SQLite counts up by itself in an INTEGER primary key alone.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("edge", String(200), nullable=False),
    Column("frame_id", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("stream", String(200), nullable=False),
    Column("received_at_s", Float(53), nullable=False),
    Column("answered_by", String(32), nullable=False),
    Column("plan_digest", String(64)),
    Column("cut_key", Text),
    Column("late", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("results_once", "edge", "frame_id", unique=True),
    Index("results_by_time", "received_at_s", "sequence"),
    Index("results_by_edge", "edge", "sequence"),
    Index("results_by_stream", "stream", "sequence"),
)
"""What edges answered; a frame of an edge has one result. Columns as in `result_query.conditions`."""

THINGS: Final = Table(
    "things",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", Text),
    Column("confidence", Float(53)),
    Column("text", Text),
    Column("x", Float(53)),
    Column("y", Float(53)),
    Index("things_by_label", "label", "sequence"),
    Index("things_by_confidence", "confidence", "sequence"),
)
"""What results name; ``text`` is case-folded, ``x`` and ``y`` are the centre of a box."""
