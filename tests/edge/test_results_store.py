"""The result store: exactly one result per accepted frame, retention, restarts, a disk that fails."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evosplit.edge.results.query import query_results
from evosplit.edge.results.schema import insert_unindexed
from evosplit.edge.results.store import Accepted, Store
from evosplit.shared.errors import StoreError, UsageError
from evosplit.shared.result import Breakdown, Result
from evosplit.shared.result_query import ResultFilter
from evosplit.shared.serial import to_compact_json


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "deep" / "results.sqlite")
    yield opened
    opened.close()


def make_result(index: int, answered_by: str = "cloud", stream: str = "gate", size: int = 10) -> Result:
    outcome = {"text": "x" * size}
    times = Breakdown(head_s=0.25, total_s=0.5)
    return Result(f"f{index}", stream, "net", 1000.0 + index, answered_by, outcome, 0.5, "d" * 64, 7, times)  # type: ignore[arg-type]


def fill(store: Store, results: list[Result]) -> None:
    for done in [store.finish(result) for result in results]:
        done.result(10)


def test_a_result_comes_back_equal(store: Store) -> None:
    fill(store, [make_result(1)])
    assert store.get("f1") == make_result(1)
    assert store.get("f2") is None


def test_the_first_result_of_a_frame_stays(store: Store) -> None:
    fill(store, [make_result(1), make_result(1, "edge")])
    assert store.get("f1") == make_result(1)
    assert len(query_results(store, ResultFilter()).results) == 1


def test_unfinished_frames_become_failures_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    first = Store(path)
    first.accept(Accepted("f1", "gate", "net", 5.0)).result(10)
    first.accept(Accepted("f2", "gate", "net", 6.0)).result(10)
    first.finish(make_result(2)).result(10)
    first.close()
    second = Store(path)
    lost = second.get("f1")
    assert second.interrupted == 1
    assert lost is not None
    assert (lost.answered_by, lost.received_at_s, lost.stream) == ("nobody", 5.0, "gate")
    assert lost.error == "the agent stopped before the frame was finished"
    assert second.get("f2") == make_result(2)
    second.close()


def test_a_killed_process_had_written_what_it_answered(tmp_path: Path) -> None:
    """Results are in the file before they are in the indexes."""
    path = tmp_path / "results.sqlite"
    first = Store(path)
    for index in (1, 2):
        first.accept(Accepted(f"f{index}", "gate", "net", 5.0)).result(10)
    first.finish_here(make_result(1))
    first.finish_here(make_result(1, "edge"))  # the first result of a frame stays
    second = Store(path)  # as at the next start: the first store has indexed nothing
    assert second.interrupted == 1
    assert second.get("f1") == make_result(1)
    assert [found.frame_id for found in query_results(second, ResultFilter(order="asc")).results] == [
        "f1",
        "f2",
    ]
    second.close()
    first.close()
    third = Store(path)
    assert (third.interrupted, len(query_results(third, ResultFilter()).results)) == (0, 2)
    third.close()


def test_a_result_can_be_found_as_soon_as_it_is_finished(store: Store) -> None:
    commits = store.commits.count
    for index in range(20):
        store.finish_here(make_result(index))
        assert store.get(f"f{index}") == make_result(index)
    store.finish_here(make_result(20))
    store.index().result(10)
    assert store.commits.count > commits
    assert store.select("SELECT count(*) FROM unindexed", ()) == [(0,)]


def test_what_could_not_be_read_again_is_a_store_error(store: Store) -> None:
    strange = dataclasses.replace(make_result(1), outcome={"text": "\udc80"})  # half a surrogate pair
    with pytest.raises(StoreError, match=r"the result store cannot be written: .*surrogates not allowed"):
        store.finish_here(strange)
    with pytest.raises(StoreError, match=r"the result store cannot be written: .*surrogates not allowed"):
        store.finish(strange).result(10)
    fill(store, [dataclasses.replace(make_result(2), outcome={"text": "\U0001f600"})])
    assert [found.frame_id for found in query_results(store, ResultFilter()).results] == ["f2"]


def test_a_withdrawn_note_is_no_failure_of_a_later_start(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    store.accept(Accepted("no-picture", "a", "net", 1.0)).result(10)
    store.withdraw("no-picture").result(10)
    store.close()
    again = Store(tmp_path / "results.sqlite")
    assert (again.interrupted, again.get("no-picture")) == (0, None)
    again.close()


def test_pages_cover_everything_once_even_while_results_arrive(store: Store) -> None:
    fill(store, [make_result(index) for index in range(25)])
    for order in ("asc", "desc"):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = query_results(store, ResultFilter(limit=7, cursor=cursor, order=order, until_s=1025.0))
            seen += [result.frame_id for result in page.results]
            fill(store, [make_result(100 + len(seen) + (1000 if order == "asc" else 0))])
            cursor = page.next_cursor
            if cursor is None:
                break
        expected = [f"f{index}" for index in range(25)]
        assert seen == (expected if order == "asc" else expected[::-1])


def test_filters(store: Store) -> None:
    fill(store, [make_result(i, "edge" if i % 2 else "cloud", f"s{i % 3}") for i in range(12)])

    def ids(**wanted: object) -> set[int]:
        page = query_results(store, ResultFilter(**wanted))  # type: ignore[arg-type]
        return {int(result.frame_id[1:]) for result in page.results}

    assert ids(since_s=1003.0, until_s=1006.0) == {3, 4, 5}
    assert ids(stream="s1") == {1, 4, 7, 10}
    assert ids(answered_by="edge", stream="s1") == {1, 7}
    assert ids(stream="nobody's") == set()


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 1001}, {"order": "up"}, {"answered_by": "me"}, {"cursor": "?!"}]
)
def test_a_wrong_filter_is_wrong_usage(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        query_results(store, ResultFilter(**wrong))  # type: ignore[arg-type]


def test_retention_by_count_keeps_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite", keep_results=5)
    fill(store, [make_result(index) for index in range(20)])
    kept = [result.frame_id for result in query_results(store, ResultFilter()).results]
    store.close()
    assert kept == ["f19", "f18", "f17", "f16", "f15"]


def test_retention_by_bytes(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    store = Store(path, keep_bytes=20_000)
    for index in range(40):
        fill(store, [make_result(index, size=1000)])
    kept = query_results(store, ResultFilter()).results
    store.close()
    assert 10 <= len(kept) <= 16
    assert kept[0].frame_id == "f39"
    reopened = Store(path, keep_bytes=5_000)
    assert len(query_results(reopened, ResultFilter()).results) < 5
    reopened.close()


def test_many_threads_lose_nothing(store: Store) -> None:
    threads = [
        threading.Thread(target=fill, args=(store, [make_result(100 * t + i) for i in range(50)]))
        for t in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(query_results(store, ResultFilter(limit=1000)).results) == 200


def test_a_disk_that_fails_is_a_store_error_and_heals(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("evosplit.edge.results.store.insert_result", broken)
        with pytest.raises(StoreError, match="disk is full"):
            store.finish(make_result(1)).result(10)
    fill(store, [make_result(2)])
    assert store.get("f1") is None
    assert store.get("f2") == make_result(2)


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"results\.sqlite"):
        Store(path)


def test_wal_is_on(store: Store) -> None:
    assert store.select("PRAGMA journal_mode", ()) == [("wal",)]


def test_retention_by_age(tmp_path: Path) -> None:
    now_s = [1010.0]
    store = Store(tmp_path / "results.sqlite", keep_for_s=5.0, wall_s=lambda: now_s[0])
    fill(store, [make_result(index) for index in range(10)])
    assert {result.frame_id for result in query_results(store, ResultFilter()).results} == {
        f"f{index}" for index in range(5, 10)
    }
    now_s[0] = 2000.0
    fill(store, [make_result(1000)])
    assert [result.frame_id for result in query_results(store, ResultFilter()).results] == ["f1000"]
    store.close()


def test_a_result_that_cannot_be_searched_stops_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    box = {"label": 10**30, "box": [0, 0, 1, 1], "score": 0.5}
    odd = dataclasses.replace(make_result(1), outcome={"boxes": [box]})
    store.finish_here(odd)
    store.index().result(10)
    fill(store, [make_result(2)])
    assert store.get("f1") == odd
    assert store.get("f2") == make_result(2)
    assert "f1 is found by its id" in caplog.text


def test_what_an_earlier_run_left_damaged_stops_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "results.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        for body in (b"{", to_compact_json(make_result(2))):
            insert_unindexed(db, body)
    db.close()
    after = Store(path)
    assert [result.frame_id for result in query_results(after, ResultFilter()).results] == ["f2"]
    assert "cannot be read" in caplog.text
    after.close()
