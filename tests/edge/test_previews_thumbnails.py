"""Thumbnails in the results' database: bounded, gone with their results, there after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evosplit.edge.previews.preview import Preview
from evosplit.edge.previews.thumbnails import Thumbnails
from evosplit.edge.results.store import Store
from evosplit.shared.result import Result

SIZE = 100


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "results.sqlite", keep_results=50)
    yield opened
    opened.close()


def preview(number: int = 0) -> Preview:
    return Preview(bytes([number]) * SIZE, (480, 640), (0.0, 0.125, 1.0, 0.875))


def finish(store: Store, *numbers: int) -> None:
    for number in numbers:
        result = Result(f"f{number}", "gate", "net", 1.0, "edge", None, None, None, 0)
        store.finish(result).result(10)


def kept(thumbnails: Thumbnails) -> list[int]:
    return [number for number in range(100) if thumbnails.get(f"f{number}") is not None]


def test_what_is_kept_comes_back(store: Store) -> None:
    thumbnails = Thumbnails(store, 10 * SIZE)
    finish(store, 3)
    thumbnails.keep("f3", preview(3)).result(10)
    assert thumbnails.get("f3") == preview(3)
    assert thumbnails.get("f4") is None
    assert thumbnails.size_bytes() == SIZE


def test_the_oldest_go_first_and_the_bytes_hold(store: Store) -> None:
    thumbnails = Thumbnails(store, 10 * SIZE)
    finish(store, *range(30))
    for number in range(30):
        thumbnails.keep(f"f{number}", preview(number)).result(10)
        assert thumbnails.size_bytes() == SIZE * len(kept(thumbnails)) <= 10 * SIZE
    assert kept(thumbnails) == list(range(20, 30))


def test_they_go_with_their_results(store: Store) -> None:
    thumbnails = Thumbnails(store, 1000 * SIZE)
    for number in range(60):
        finish(store, number)
        thumbnails.keep(f"f{number}", preview()).result(10)
    assert kept(thumbnails) == list(range(10, 60))
    assert thumbnails.size_bytes() == 50 * SIZE
    thumbnails.keep("never-seen", preview()).result(10)
    assert thumbnails.get("never-seen") is None


def test_a_smaller_bound_holds_from_the_next_start_on(tmp_path: Path) -> None:
    for keep_bytes, left in ((10 * SIZE, 10), (3 * SIZE, 3), (0, 0)):
        store = Store(tmp_path / "results.sqlite")
        thumbnails = Thumbnails(store, keep_bytes)
        if keep_bytes == 10 * SIZE:
            finish(store, *range(10))
            for number in range(10):
                thumbnails.keep(f"f{number}", preview()).result(10)
        assert len(kept(thumbnails)) == left
        assert thumbnails.size_bytes() == left * SIZE
        store.close()
