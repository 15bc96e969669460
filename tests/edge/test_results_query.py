"""Queries of the result store: what a slow match finds, in every order and page; old stores."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from result_draws import FILTERS, RESULTS

from evosplit.edge.results import query
from evosplit.edge.results.query import count_results, query_results
from evosplit.edge.results.store import Store
from evosplit.shared.result import Result
from evosplit.shared.result_query import ResultFilter, things_of
from evosplit.shared.result_query.count_request import SPLITS, CountRequest
from evosplit.shared.result_query.matches import holds

THINGS = ("label", "min_confidence", "text", "region")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(Path(tmp_path_factory.mktemp("results")) / "results.sqlite")


def refill(store: Store, results: list[Result]) -> list[Result]:
    """The first result of each frame stays."""
    store.write(lambda db: db.execute("DELETE FROM results") and None).result(10)
    for result in results:
        store.finish(result).result(10)
    first: dict[str, Result] = {}
    for result in results:
        first.setdefault(result.frame_id, result)
    return list(first.values())


def pages(store: Store, wanted: ResultFilter) -> list[Result]:
    seen: list[Result] = []
    while True:
        page = query_results(store, wanted)
        assert len(page.results) <= wanted.limit
        seen += page.results
        if page.next_cursor is None:
            return seen
        wanted = dataclasses.replace(wanted, cursor=page.next_cursor)


@pytest.mark.parametrize("few", [0, 2, 5000])
@given(results=st.lists(RESULTS, max_size=12), wanted=FILTERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_what_matches_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int, results: list[Result], wanted: ResultFilter
) -> None:
    """Whatever way rows are found."""
    monkeypatch.setattr(query, "_FEW", few)
    kept = refill(store, results)
    right = [result for result in kept if holds(wanted, result)]
    assert pages(store, wanted) == (right if wanted.order == "asc" else right[::-1])


@given(
    results=st.lists(RESULTS, max_size=12), wanted=FILTERS, split=st.none() | st.sampled_from(sorted(SPLITS))
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_those_of_a_slow_count(
    store: Store, results: list[Result], wanted: ResultFilter, split: str | None
) -> None:
    later = [dataclasses.replace(each, received_at_s=each.received_at_s * 25) for each in results]
    kept = [result for result in refill(store, later) if holds(wanted, result)]
    right = Counter(
        (result.received_at_s // 60 * 60, value) for result in kept for value in values(wanted, result, split)
    )
    found = count_results(store, CountRequest(wanted, "minute", split))
    assert {(each.begins_s, each.value): each.count for each in found} == right
    assert [each.begins_s for each in found] == sorted((each.begins_s for each in found), reverse=True)


def values(wanted: ResultFilter, result: Result, split: str | None) -> set[str | None]:
    """What a result counts for: each label of a thing that fits, whatever else it has."""
    if split != "label":
        return {None if split is None else getattr(result, split)}
    asked = dataclasses.replace(ResultFilter(), **{name: getattr(wanted, name) for name in THINGS})
    things = things_of(result)
    if not things:
        return set()
    alone = [dataclasses.replace(result, outcome=outcome) for outcome in each_thing(result)]
    fits = [not asked.asks_for_things or holds(asked, single) for single in alone]
    return {thing.label for thing, fit in zip(things, fits, strict=True) if fit}


def each_thing(result: Result) -> list[dict]:
    if "boxes" in result.outcome:
        return [{"boxes": [box]} for box in result.outcome["boxes"]]
    return [result.outcome]


def test_a_store_of_an_earlier_version_becomes_searchable(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    boxes = [{"class": 2, "label": "truck", "score": 0.75, "box": [0, 0, 10, 10]}]
    old = Result("f1", "gate", "net", 5.0, "cloud", {"boxes": boxes}, 0.75, "d" * 64, 9, cut_key="3")
    store = Store(path)
    store.finish(old).result(10)
    store.close()
    with sqlite3.connect(path) as db:
        for index in ("stream", "answer", "plan", "cut"):
            db.execute(f"DROP INDEX results_by_{index}")
        db.execute("DROP TRIGGER things_dropped")
        db.execute("DROP TABLE things")
        for column in ("model", "plan_digest", "cut_key", "late"):
            db.execute(f"ALTER TABLE results DROP COLUMN {column}")
        # The columns of then, in their order.
        db.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)", (2, "broken", "gate", 6.0, "edge", b"{"))
    db.close()
    again = Store(path)
    for wanted in (ResultFilter(label="truck"), ResultFilter(plan="dd"), ResultFilter(cut="3", model="net")):
        assert query_results(again, wanted).results == (old,)
    again.write(lambda db: db.execute("DELETE FROM results") and None).result(10)
    assert again.select("SELECT count(*) FROM things", ()) == [(0,)]
    again.close()
