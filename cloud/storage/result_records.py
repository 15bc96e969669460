"""Results of frames in the records: added once, asked for by model, stream, time, label and confidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite

from evosplit.cloud.storage.records import Records
from evosplit.cloud.storage.tables import RESULTS
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.serial import from_json, to_json


@dataclass(frozen=True)
class EdgeResult:
    """What an edge answered; ``label`` is the first one of the outcome, None where it has none."""

    edge: str
    result: Result
    label: str | None = None


@dataclass(frozen=True)
class ResultFilter:
    """None: any. Unix seconds from ``since_s`` to before ``until_s``; ``before`` is a page's cursor."""

    edge: str | None = None
    model: str | None = None
    stream: str | None = None
    label: str | None = None
    least_confidence: float | None = None
    since_s: float | None = None
    until_s: float | None = None
    before: tuple[float, int] | None = None


@dataclass(frozen=True)
class ResultPage:
    """Newest first; ``next_before`` is the cursor of the page after, None on the last one."""

    results: tuple[EdgeResult, ...]
    next_before: tuple[float, int] | None


def add_results(records: Records, results: Iterable[EdgeResult]) -> None:
    """Keep results; the first one of a frame of an edge stays. Raises StoreError."""
    rows = [_row(given) for given in results]
    with records.changing() as change:
        dialect = postgresql if change.connection.dialect.name == "postgresql" else sqlite
        if rows:
            once = dialect.insert(RESULTS).on_conflict_do_nothing(index_elements=["edge", "frame_id"])
            change.connection.execute(once, rows)


def results_page(records: Records, wanted: ResultFilter, limit: int) -> ResultPage:
    """At most ``limit`` results that fit. Raises StoreError."""
    order = RESULTS.c.received_at_s.desc(), RESULTS.c.sequence.desc()
    query = select(RESULTS).where(*_conditions(wanted)).order_by(*order).limit(limit + 1)
    with records.reading() as seen:
        rows = seen.connection.execute(query).all()
    results = [
        EdgeResult(row.edge, from_json(Result, bytes(row.body), StoreError), row.label)
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return ResultPage(tuple(results), None if last is None else (last.received_at_s, last.sequence))


def _row(given: EdgeResult) -> dict[str, object]:
    result = given.result
    return {
        "edge": given.edge,
        "frame_id": result.frame_id,
        "model": result.model,
        "stream": result.stream,
        "received_at_s": result.received_at_s,
        "answered_by": result.answered_by,
        "label": given.label,
        "confidence": result.confidence,
        "body": to_json(result),
    }


def _conditions(wanted: ResultFilter) -> list[ColumnElement[bool]]:
    columns = RESULTS.c
    alike = {
        columns.edge: wanted.edge,
        columns.model: wanted.model,
        columns.stream: wanted.stream,
        columns.label: wanted.label,
    }
    conditions: list[ColumnElement[bool]] = [
        name == value for name, value in alike.items() if value is not None
    ]
    if wanted.least_confidence is not None:
        conditions.append(columns.confidence >= wanted.least_confidence)
    if wanted.since_s is not None:
        conditions.append(columns.received_at_s >= wanted.since_s)
    if wanted.until_s is not None:
        conditions.append(columns.received_at_s < wanted.until_s)
    if wanted.before is not None:
        moment_s, sequence = wanted.before
        is_earlier = columns.received_at_s < moment_s
        conditions.append(is_earlier | ((columns.received_at_s == moment_s) & (columns.sequence < sequence)))
    return conditions
