"""Results of a fleet in the records: added once, asked for in one language with those of agents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, TextClause, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from evosplit.cloud.storage.records import Records
from evosplit.cloud.storage.tables import RESULTS, THINGS
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.result_query import ResultFilter, things_of
from evosplit.shared.result_query.conditions import Condition, conditions, joined
from evosplit.shared.result_query.count_request import Count, CountRequest
from evosplit.shared.result_query.cursor import cursor_of, sequence_of
from evosplit.shared.serial import from_json, to_json

_FLOORED: Final = {
    "postgresql": "FLOOR(received_at_s / {period})",
    "sqlite": "CAST(received_at_s / {period} AS INTEGER) - (received_at_s < 0)",
}


@dataclass(frozen=True)
class EdgeResult:
    """What an edge answered; ``sequence`` is its place in the records, once it has one."""

    edge: str
    result: Result
    sequence: int = field(default=0, compare=False)


@dataclass(frozen=True)
class ResultPage:
    """In the order asked for; ``next_cursor`` is that of the page after, None on the last one."""

    results: tuple[EdgeResult, ...]
    next_cursor: str | None


def add_results(records: Records, results: Iterable[EdgeResult]) -> int:
    """Keep results, and say how many are new; the first of a frame of an edge stays. Raises StoreError."""
    with records.changing() as change:
        return sum(_add(change.connection, given) for given in results)


def results_page(records: Records, wanted: ResultFilter) -> ResultPage:
    """One page, in the order in which results came in. Raises UsageError, StoreError."""
    tests = conditions(wanted)
    if wanted.cursor is not None:
        test = f"results.sequence {'>' if wanted.order == 'asc' else '<'} ?"
        tests.append((test, (sequence_of(wanted.cursor),)))
    test, values = joined(tests) if tests else ("1 = 1", ())
    order = f"ORDER BY results.sequence {'ASC' if wanted.order == 'asc' else 'DESC'}"
    query = f"SELECT results.sequence, edge, body FROM results WHERE {test} {order} LIMIT ?"  # noqa: S608
    with records.reading() as seen:
        rows = seen.connection.execute(_bound((query, (*values, wanted.limit + 1)))).all()
    shown = rows[: wanted.limit]
    results = tuple(
        EdgeResult(row.edge, from_json(Result, bytes(row.body), StoreError), row.sequence) for row in shown
    )
    return ResultPage(results, cursor_of(shown[-1].sequence) if len(rows) > wanted.limit else None)


def count_results(records: Records, asked: CountRequest) -> tuple[Count, ...]:
    """The latest periods that have any, the newest first. Raises StoreError."""
    with records.reading() as seen:
        query = asked.sql(_FLOORED[seen.connection.dialect.name])
        rows = seen.connection.execute(_bound(query)).all()
    return tuple(asked.count(tuple(row)) for row in rows)


def newest_place(records: Records) -> int:
    """The place of the last result, 0 before the first. Raises StoreError."""
    with records.reading() as seen:
        return seen.connection.scalar(select(func.coalesce(func.max(RESULTS.c.sequence), 0))) or 0


def trim_results(records: Records, most: int) -> int:
    """Drop the oldest beyond ``most``, and say how many. Raises StoreError."""
    with records.changing() as change:
        last = select(func.coalesce(func.max(RESULTS.c.sequence), 0) - most).scalar_subquery()
        change.connection.execute(delete(THINGS).where(THINGS.c.sequence <= last))
        return change.connection.execute(delete(RESULTS).where(RESULTS.c.sequence <= last)).rowcount


def _add(connection: Connection, given: EdgeResult) -> int:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    once = dialect.insert(RESULTS).on_conflict_do_nothing(index_elements=["edge", "frame_id"])
    sequence = connection.scalar(once.values(_row(given)).returning(RESULTS.c.sequence))
    if sequence is None:
        return 0
    if rows := _things(sequence, given.result):
        connection.execute(THINGS.insert(), rows)
    return 1


def _row(given: EdgeResult) -> dict[str, object]:
    result = given.result
    return {
        "edge": given.edge,
        "frame_id": result.frame_id,
        "model": result.model,
        "stream": result.stream,
        "received_at_s": result.received_at_s,
        "answered_by": result.answered_by,
        "plan_digest": result.plan_digest,
        "cut_key": result.cut_key,
        "late": int(result.late),
        "body": to_json(result),
    }


def _things(sequence: int, result: Result) -> list[dict[str, object]]:
    return [
        {
            "sequence": sequence,
            "number": number,
            "label": thing.label,
            "confidence": thing.confidence,
            "text": None if thing.text is None else thing.text.casefold(),
            "x": None if thing.centre is None else thing.centre[0],
            "y": None if thing.centre is None else thing.centre[1],
        }
        for number, thing in enumerate(things_of(result))
    ]


def _bound(query: Condition) -> TextClause:
    """With names in place of question marks; no text of the query holds any but these."""
    parts = query[0].split("?")
    named = "".join(f"{part}:v{number}" for number, part in enumerate(parts[:-1])) + parts[-1]
    return text(named).bindparams(**{f"v{number}": value for number, value in enumerate(query[1])})
