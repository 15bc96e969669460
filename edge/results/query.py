"""Result queries: pages that a cursor continues, searched by the index that leaves few rows to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True)
class Page:
    """Results and the cursor of the page after, or None on the last one."""

    results: tuple[Result, ...]
    next_cursor: str | None


def query_results(store: Store, wanted: ResultFilter) -> Page:
    """One page. Results that arrive meanwhile never move a page. Raises UsageError, StoreError."""
    source, tests = _source(store, wanted)
    tests = [*tests, *_behind(wanted)]
    test, values = joined(tests) if tests else ("TRUE", ())
    direction = "ASC" if wanted.order == "asc" else "DESC"
    query = f"SELECT results.sequence, body FROM {source} WHERE {test}"  # noqa: S608 - texts of ours
    rows = store.select(f"{query} ORDER BY results.sequence {direction} LIMIT ?", (*values, wanted.limit + 1))
    shown = rows[: wanted.limit]
    results = tuple(from_json(Result, row[1], StoreError) for row in shown)
    return Page(results, cursor_of(shown[-1][0]) if len(rows) > wanted.limit else None)


def count_results(store: Store, asked: CountRequest) -> tuple[Count, ...]:
    """The latest periods that have any, the newest first. Blocks for a read; raises StoreError."""
    query, values = asked.sql(_FLOORED)
    return tuple(asked.count(row) for row in store.select(query, values))


def _source(store: Store, wanted: ResultFilter) -> tuple[str, list[Condition]]:
    """Where rows are looked for, and what they have to fulfil there.

    A test that few rows of the whole store fulfil gives these. Otherwise rows are looked through in the order
    of pages, by an index of an equality where there is one: what many rows fulfil is soon searched.
    """
    tests = conditions(wanted)
    for table, test, values in _searchable(wanted):
        few = f"SELECT sequence FROM {table} WHERE {test} LIMIT {_FEW}"  # noqa: S608 - texts of ours
        if len(store.select(few, values)) < _FEW:
            chosen = f"sequence IN (SELECT sequence FROM {table} WHERE {test})"  # noqa: S608
            return "results", [(f"results.{chosen}", values), *tests]
    if wanted.label is not None:
        return _by_label(wanted)
    columns = [test.partition(" = ")[0] for test, _ in tests]
    index = next((_INDEXES[column] for column in columns if column in _INDEXES), None)
    return ("results NOT INDEXED" if index is None else f"results INDEXED BY {index}"), tests


def _searchable(wanted: ResultFilter) -> list[tuple[str, str, tuple[object, ...]]]:
    """Tests that an index answers, each with its table."""
    results, things = result_conditions(wanted), thing_conditions(wanted)
    times = [test for test in results if test[0].startswith("received_at_s")]
    single = [test for test in results if test[0].startswith(("stream", "answered_by =", "plan", "cut"))]
    searched = [("results", *test) for test in single] + ([("results", *joined(times))] if times else [])
    label = [test for test in things if ".label" in test[0]]
    sure = [test for test in things if ".confidence" in test[0]]
    if label:
        return [("things", *joined(label + sure)), *searched]
    return [("things", *joined(sure)), *searched] if sure else searched


def _by_label(wanted: ResultFilter) -> tuple[str, list[Condition]]:
    """By the index of labels, which has the order of pages; each result once, by its first such thing."""
    mine, (earlier, values) = thing_conditions(wanted, "seen"), joined(thing_conditions(wanted, "other"))
    return _SEEN, [*mine, (f"NOT EXISTS ({_OTHER} AND {earlier})", values), *result_conditions(wanted)]


def _behind(wanted: ResultFilter) -> list[Condition]:
    if wanted.cursor is None:
        return []
    return [(f"results.sequence {'>' if wanted.order == 'asc' else '<'} ?", (sequence_of(wanted.cursor),))]
