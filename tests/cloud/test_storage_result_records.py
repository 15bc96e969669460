"""Results of a fleet in the records, of SQLite and of a real PostgreSQL, against a slow match."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from result_draws import FILTERS, RESULTS
from sqlalchemy import delete, func, select

from evosplit.cloud.storage.records import Records, open_records
from evosplit.cloud.storage.result_records import (
    EdgeResult,
    add_results,
    count_results,
    results_page,
    trim_results,
)
from evosplit.cloud.storage.tables import RESULTS as TABLE
from evosplit.cloud.storage.tables import THINGS
from evosplit.shared.errors import UsageError
from evosplit.shared.result import Result
from evosplit.shared.result_query import ResultFilter
from evosplit.shared.result_query.count_request import CountRequest
from evosplit.shared.result_query.matches import holds

EDGES = ("gate", "yard/north")
GIVEN = some.lists(some.builds(EdgeResult, some.sampled_from(EDGES), RESULTS), max_size=12)


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    made = open_records(records_url)
    yield made
    made.close()


def refill(records: Records, results: list[EdgeResult]) -> list[EdgeResult]:
    """Half of them first, then all: the first result of each frame of an edge stays."""
    with records.changing() as change:
        change.connection.execute(delete(TABLE))
        change.connection.execute(delete(THINGS))
    first: dict[tuple[str, str], EdgeResult] = {}
    for kept in results:
        first.setdefault((kept.edge, kept.result.frame_id), kept)
    half = add_results(records, results[: len(results) // 2])
    assert half + add_results(records, results) == len(first)
    return list(first.values())


@given(results=GIVEN, wanted=FILTERS, edge=some.sampled_from([None, *EDGES]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_what_matches_once(
    records: Records, results: list[EdgeResult], wanted: ResultFilter, edge: str | None
) -> None:
    wanted = dataclasses.replace(wanted, edge=edge)
    right = [kept for kept in refill(records, results) if holds(wanted, kept.result, kept.edge)]
    seen: list[EdgeResult] = []
    page = results_page(records, wanted)
    while True:
        assert len(page.results) <= wanted.limit
        seen += page.results
        if page.next_cursor is None:
            break
        page = results_page(records, dataclasses.replace(wanted, cursor=page.next_cursor))
    assert seen == (right if wanted.order == "asc" else right[::-1])


@given(results=GIVEN, wanted=FILTERS, split=some.sampled_from([None, "stream", "answered_by"]))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_those_of_a_slow_count(
    records: Records, results: list[EdgeResult], wanted: ResultFilter, split: str | None
) -> None:
    kept = [each.result for each in refill(records, results) if holds(wanted, each.result)]
    right = Counter(None if split is None else getattr(result, split) for result in kept)
    counts = count_results(records, CountRequest(wanted, "hour", split))
    assert {(each.begins_s, each.value): each.count for each in counts} == {
        (0.0, value): number for value, number in right.items()
    }


def test_labels_are_counted_each_once_for_a_result(records: Records) -> None:
    boxes = [{"class": 0, "label": label, "score": 0.5, "box": [0, 0, 1, 1]} for label in ("a", "a", "b")]
    result = Result("f", "gate", "net", 7300.0, "edge", {"boxes": boxes}, 0.5, None, 0)
    refill(records, [EdgeResult("gate", result)])
    counts = count_results(records, CountRequest(ResultFilter(), "hour", "label"))
    assert [(each.begins_s, each.value, each.count) for each in counts] == [
        (7200.0, "a", 1),
        (7200.0, "b", 1),
    ]


def test_the_oldest_are_dropped_with_what_they_name(records: Records) -> None:
    outcome = {"text": "AB 1"}
    results = [
        EdgeResult("gate", Result(f"f{number}", "gate", "net", 1.0, "edge", outcome, 0.5, None, 0))
        for number in range(10)
    ]
    refill(records, results)
    assert trim_results(records, 4) == 6
    assert [kept.result.frame_id for kept in results_page(records, ResultFilter()).results] == [
        "f9",
        "f8",
        "f7",
        "f6",
    ]
    with records.reading() as seen:
        assert seen.connection.scalar(select(func.count()).select_from(THINGS)) == 4


@pytest.mark.parametrize("cursor", ["?!", "c3Jz", "czk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
def test_a_wrong_cursor_is_wrong_usage(records: Records, cursor: str) -> None:
    with pytest.raises(UsageError):
        results_page(records, ResultFilter(cursor=cursor))
