"""Results in the records, of SQLite and of a real PostgreSQL, against a list."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete

from evosplit.cloud.storage.records import Records, open_records
from evosplit.cloud.storage.result_records import EdgeResult, ResultFilter, add_results, results_page
from evosplit.cloud.storage.tables import RESULTS
from evosplit.shared.result import Result

CHOICES = {"edge": ("gate", "yard"), "model": ("m", "n"), "stream": ("s", "t"), "label": ("truck", None)}


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    made = open_records(records_url)
    yield made
    made.close()


RESULT = some.builds(
    lambda edge, model, stream, label, moment_s, confidence, number: EdgeResult(
        edge, Result(f"f{number}", stream, model, moment_s, "edge", {}, confidence, None, 5), label
    ),
    *(some.sampled_from(CHOICES[name]) for name in ("edge", "model", "stream", "label")),
    some.integers(0, 5).map(float),
    some.sampled_from([None, 0.25, 0.5, 0.75]),
    some.integers(0, 30),
)
FILTER = some.builds(
    ResultFilter,
    *(some.sampled_from([None, CHOICES[name][0]]) for name in CHOICES),
    least_confidence=some.sampled_from([None, 0.5]),
    since_s=some.sampled_from([None, 2.0]),
    until_s=some.sampled_from([None, 4.0]),
)


def fits(kept: EdgeResult, wanted: ResultFilter) -> bool:
    result = kept.result
    pairs = ((wanted.edge, kept.edge), (wanted.model, result.model), (wanted.stream, result.stream))
    confidence = -1.0 if result.confidence is None else result.confidence
    return (
        all(asked in (None, value) for asked, value in (*pairs, (wanted.label, kept.label)))
        and confidence >= (wanted.least_confidence or -1.0)
        and (wanted.since_s or 0.0) <= result.received_at_s < (wanted.until_s or 9.0)
    )


@given(given_results=some.lists(RESULT, max_size=12), wanted=FILTER, limit=some.integers(1, 5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_what_fits_once_newest_first(
    records: Records, given_results: list[EdgeResult], wanted: ResultFilter, limit: int
) -> None:
    with records.changing() as change:
        change.connection.execute(delete(RESULTS))
    add_results(records, given_results[: len(given_results) // 2])
    add_results(records, given_results)
    first: dict[tuple[str, str], EdgeResult] = {}
    for kept in given_results:
        first.setdefault((kept.edge, kept.result.frame_id), kept)
    right = [kept for kept in reversed(first.values()) if fits(kept, wanted)]
    right.sort(key=lambda kept: -kept.result.received_at_s)
    seen: list[EdgeResult] = []
    page, before = results_page(records, wanted, limit), None
    for _ in itertools.count():
        assert len(page.results) <= limit
        seen += page.results
        before = page.next_before
        if before is None:
            break
        page = results_page(records, ResultFilter(**{**vars(wanted), "before": before}), limit)
    assert seen == right
