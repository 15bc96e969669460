"""Result queries: pages that a cursor continues, found by the index that leaves few rows to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from evosplit.edge.results.store import Store
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Result
from evosplit.shared.result_query import ResultFilter
from evosplit.shared.result_query.conditions import (
    Condition,
    conditions,
    joined,
    result_conditions,
    thing_conditions,
)
from evosplit.shared.result_query.count_request import Count, CountRequest
from evosplit.shared.result_query.cursor import cursor_of, sequence_of
from evosplit.shared.serial import from_json

_FLOORED: Final = "CAST(received_at_s / {period} AS INTEGER) - (received_at_s < 0)"
_FEW: Final = 5000
"""So many rows are sorted in a few milliseconds."""
_BEHIND_ALL: Final = 2**63 - 1
_BLOCK: Final = 1000
"""Results that the table ``blocks`` has in one row."""
_INDEXES: Final = {
    "stream": "results_by_stream",
    "answered_by": "results_by_answer",
    "cut_key": "results_by_cut",
}
"""Indexes in the order of pages, by the column that begins a test."""
_SEEN: Final = """
things AS seen INDEXED BY things_by_label CROSS JOIN results ON results.sequence = seen.sequence
"""
_OTHER: Final = """
SELECT 1 FROM things AS other WHERE other.sequence = seen.sequence AND other.number < seen.number
"""
_ONE_OF: Final = "results.sequence IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True)
class Page:
    """Results and the cursor of the page after, or None on the last one."""

    results: tuple[Result, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class _Search:
    """Rows of ``source`` that fulfil ``tests``, in the order of ``place``."""

    source: str
    tests: list[Condition]
    place: str = "results.sequence"


def query_results(store: Store, wanted: ResultFilter) -> Page:
    """One page. Results that arrive meanwhile never move a page. Raises UsageError, StoreError."""
    search, rows = _search(store, wanted), list[tuple[Any, ...]]()
    for begins, ends in _ranges(store, wanted):
        rows += _rows(store, search, wanted, (begins, ends), wanted.limit + 1 - len(rows))
        if len(rows) > wanted.limit:
            break
    shown = rows[: wanted.limit]
    results = tuple(from_json(Result, row[1], StoreError) for row in shown)
    return Page(results, cursor_of(shown[-1][0]) if len(rows) > wanted.limit else None)


def count_results(store: Store, asked: CountRequest) -> tuple[Count, ...]:
    """The latest periods that have any, the newest first. Blocks for a read; raises StoreError."""
    query, values = asked.sql(_FLOORED)
    return tuple(asked.count(row) for row in store.select(query, values))


def _rows(
    store: Store, search: _Search, wanted: ResultFilter, places: tuple[int, int], most: int
) -> list[tuple[Any, ...]]:
    """Of the places from the first to before the last."""
    tests = [*search.tests, (f"{search.place} >= ? AND {search.place} < ?", places)]
    test, values = joined(tests)
    order = f"ORDER BY {search.place} {'ASC' if wanted.order == 'asc' else 'DESC'}"
    query = f"SELECT {search.place}, body FROM {search.source} WHERE {test} {order} LIMIT ?"  # noqa: S608
    return store.select(query, (*values, most))


def _search(store: Store, wanted: ResultFilter) -> _Search:
    """Where rows are looked for.

    A test that few rows of the whole store fulfil gives these. Otherwise rows are looked through in the order
    of pages, by an index of an equality where there is one: what many rows fulfil is soon met.
    """
    tests = conditions(wanted)
    for table, test, values in _searchable(wanted):
        query = f"SELECT sequence FROM {table} WHERE {test} LIMIT {_FEW}"  # noqa: S608 - texts of ours
        few = [sequence for (sequence,) in store.select(query, values)]
        if len(few) < _FEW:
            return _Search("results", [(_ONE_OF, (json.dumps(few),)), *tests])
    if wanted.label is not None:
        mine, (earlier, values) = thing_conditions(wanted, "seen"), joined(thing_conditions(wanted, "other"))
        once = (f"NOT EXISTS ({_OTHER} AND {earlier})", values)
        return _Search(_SEEN, [*mine, once, *result_conditions(wanted)], "seen.sequence")
    columns = [test.partition(" = ")[0] for test, _ in tests]
    index = next((_INDEXES[column] for column in columns if column in _INDEXES), None)
    return _Search("results NOT INDEXED" if index is None else f"results INDEXED BY {index}", tests)


def _searchable(wanted: ResultFilter) -> list[tuple[str, str, tuple[object, ...]]]:
    """Tests that an index answers, each with its table."""
    results, things = result_conditions(wanted), thing_conditions(wanted)
    single = [test for test in results if test[0].startswith(("stream", "answered_by =", "plan", "cut"))]
    of_results = [("results", *test) for test in single]
    indexed = "things INDEXED BY things_by_text"
    text = [(indexed, f"text IS NOT NULL AND {test}", values) for test, values in things if ".text" in test]
    label = [test for test in things if ".label" in test[0]]
    sure = [test for test in things if ".confidence" in test[0]]
    of_things = [("things", *joined(label + sure))] if label + sure else []
    return [*of_things, *of_results, *text]


def _ranges(store: Store, wanted: ResultFilter) -> Iterator[tuple[int, int]]:
    """Places, each range from the first to before the last, that hold all results of the wanted time."""
    first, last = _open_range(wanted)
    if wanted.since_s is None and wanted.until_s is None:
        yield first, last
        return
    tests = [("last_s >= ?", wanted.since_s), ("first_s < ?", wanted.until_s)]
    test, values = joined([(test, (value,)) for test, value in tests if value is not None])
    rows = store.select(f"SELECT block FROM blocks WHERE {test} ORDER BY block", values)  # noqa: S608
    joint: list[tuple[int, int]] = []
    for (block,) in rows:
        if joint and joint[-1][1] == block * _BLOCK:
            joint[-1] = joint[-1][0], (block + 1) * _BLOCK
        else:
            joint.append((block * _BLOCK, (block + 1) * _BLOCK))
    for begins, ends in joint if wanted.order == "asc" else reversed(joint):
        if begins < last and ends > first:
            yield max(begins, first), min(ends, last)


def _open_range(wanted: ResultFilter) -> tuple[int, int]:
    """The places behind the cursor, in the order that is asked for."""
    if wanted.cursor is None:
        return 0, _BEHIND_ALL
    place = sequence_of(wanted.cursor)
    return (place + 1, _BEHIND_ALL) if wanted.order == "asc" else (0, place)
