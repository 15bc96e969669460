"""Result queries: filters, and pages that a cursor continues."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Literal, get_args

from evosplit.edge.results.store import Store
from evosplit.shared.errors import StoreError, UsageError
from evosplit.shared.result import AnsweredBy, Result
from evosplit.shared.serial import from_json

MAX_PAGE: Final = 1000

Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class ResultFilter:
    """Which results, in the order in which they were finished.

    Times are Unix seconds, ``until_s`` exclusive. Raises UsageError.
    """

    since_s: float | None = None
    until_s: float | None = None
    stream: str | None = None
    answered_by: str | None = None
    limit: int = 100
    cursor: str | None = None
    order: Order = "desc"

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_PAGE:
            raise UsageError(f"limit must be 1 to {MAX_PAGE}, not {self.limit}")
        if self.order not in get_args(Order):
            raise UsageError(f"order must be asc or desc, not {self.order!r}")
        if self.answered_by is not None and self.answered_by not in get_args(AnsweredBy):
            raise UsageError(f"answered_by must be one of {', '.join(get_args(AnsweredBy))}")


@dataclass(frozen=True)
class Page:
    """Results and the cursor of the page after, or None on the last one."""

    results: tuple[Result, ...]
    next_cursor: str | None


def query_results(store: Store, wanted: ResultFilter) -> Page:
    """One page. Results that arrive meanwhile never move a page. Raises UsageError, StoreError."""
    conditions, values = _conditions(wanted)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    direction = "ASC" if wanted.order == "asc" else "DESC"
    query = f"SELECT sequence, body FROM results {where}ORDER BY sequence {direction} LIMIT ?"  # noqa: S608
    rows = store.select(query, (*values, wanted.limit + 1))
    shown = rows[: wanted.limit]
    results = tuple(from_json(Result, row[1], StoreError) for row in shown)
    return Page(results, _cursor(shown[-1][0]) if len(rows) > wanted.limit else None)


def _conditions(wanted: ResultFilter) -> tuple[list[str], list[object]]:
    after = "sequence > ?" if wanted.order == "asc" else "sequence < ?"
    tests: dict[str, object] = {
        "received_at_s >= ?": wanted.since_s,
        "received_at_s < ?": wanted.until_s,
        "stream = ?": wanted.stream,
        "answered_by = ?": wanted.answered_by,
        after: None if wanted.cursor is None else _sequence(wanted.cursor),
    }
    present = {test: value for test, value in tests.items() if value is not None}
    return list(present), list(present.values())


def _cursor(sequence: object) -> str:
    return base64.urlsafe_b64encode(f"s{sequence}".encode()).decode().rstrip("=")


def _sequence(cursor: str) -> int:
    try:
        mark, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).partition(b"s")
        sequence = int(number)
    except (ValueError, binascii.Error):
        mark, sequence = b"?", 0
    if mark:
        raise UsageError(f"not a cursor of this store: {cursor!r}")
    return sequence
