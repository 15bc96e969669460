"""Records in SQLite and in a real PostgreSQL: the same answers from both, one writer at a time."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from evosplit.cloud.storage.records import Records, Transaction, file_records, open_records
from evosplit.shared.errors import StoreError, UsageError
from evosplit.shared.free_ports import free_port


@dataclass(frozen=True)
class Counted:
    """A value of one kind."""

    number: int


@dataclass(frozen=True)
class Named:
    """A value of another kind."""

    name: str


@pytest.fixture
def opened(records_url: str) -> Iterator[Callable[..., Records]]:
    """Records, empty at first; opened again they are the same."""
    made: list[Records] = []

    seconds = itertools.count(1.0)

    def make() -> Records:
        records = open_records(records_url, seconds.__next__)
        if not made:
            with records.changing() as all_of_it:
                _empty(all_of_it)
        made.append(records)
        return records

    yield make
    for records in made:
        records.close()


def _empty(records: Transaction) -> None:
    for kind in (Counted, Named):
        for key, _ in records.all(kind):
            records.drop(kind, key)


KEYS = some.sampled_from(["a", "b", "ä/ö"])
STEPS = some.one_of(
    some.tuples(some.just("put"), KEYS, some.integers(0, 9)),
    some.tuples(some.just("drop"), KEYS, some.just(0)),
    some.tuples(some.just("touch"), KEYS, some.just(0)),
)


@given(steps=some.lists(STEPS, max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_are_as_an_ordered_dictionary(
    opened: Callable[..., Records], steps: list[tuple[str, str, int]]
) -> None:
    records, known = opened(), dict[str, int]()
    with records.changing() as start:
        _empty(start)
        start.put("a", Named("of another kind"))
    for what, key, number in steps:
        with records.changing() as change:
            if what == "put":
                change.put(key, Counted(number))
                known.pop(key, None)
                known[key] = number
            elif what == "drop":
                change.drop(Counted, key)
                known.pop(key, None)
            else:
                change.touch(Counted, key)
                if key in known:
                    known[key] = known.pop(key)
    with records.reading() as seen:
        newest = [(key, Counted(number)) for key, number in reversed(known.items())]
        assert seen.all(Counted) == newest
        assert seen.all(Counted, 1) == newest[:1]
        assert {key: seen.get(Counted, key) for key in known} == dict(newest)
        assert seen.get(Counted, "c") is None
        assert seen.all(Named) == [("a", Named("of another kind"))]


def test_what_raises_changes_nothing(opened: Callable[..., Records]) -> None:
    records = opened()

    def stops() -> None:
        with records.changing() as change:
            change.put("a", Counted(1))
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stops()
    with records.reading() as seen:
        assert seen.get(Counted, "a") is None


def test_a_value_of_another_version_is_none(opened: Callable[..., Records]) -> None:

    @dataclass(frozen=True)
    class Changed:
        other: str

    Changed.__name__ = Counted.__name__
    records = opened()
    with records.changing() as change:
        change.put("a", Changed("x"))
    with records.reading() as seen:
        assert seen.get(Counted, "a") is None
        assert seen.all(Counted) == []


def test_many_writers_lose_nothing(opened: Callable[..., Records]) -> None:
    """As many replicas, each with threads: what is read and then written is not lost."""
    opened()
    replicas = [opened() for _ in range(4)]

    def work(records: Records) -> None:
        for _ in range(10):
            with records.changing() as change:
                before = change.get(Counted, "n") or Counted(0)
                change.put("n", Counted(before.number + 1))

    threads = [threading.Thread(target=work, args=(records,)) for records in replicas for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with replicas[0].reading() as seen:
        assert seen.get(Counted, "n") == Counted(80)


def test_a_killed_process_leaves_what_was_committed(opened: Callable[..., Records], records_url: str) -> None:
    opened()
    code = (
        "import os, sys\n"
        "from dataclasses import dataclass\n"
        "from evosplit.cloud.storage.records import open_records\n"
        "Counted = dataclass(frozen=True)(type('Counted', (), {'__annotations__': {'number': int}}))\n"
        "records = open_records(sys.argv[1])\n"
        "with records.changing() as change:\n    change.put('kept', Counted(1))\n"
        "with records.changing() as change:\n    change.put('lost', Counted(2))\n    os._exit(3)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, records_url], check=False)
    assert ended.returncode == 3
    with opened().changing() as seen:
        assert (seen.get(Counted, "kept"), seen.get(Counted, "lost")) == (Counted(1), None)


@pytest.mark.parametrize("url", ["", "mysql://x/y", "records.db", "postgresql:"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="postgresql://user@host/name"):
        open_records(url)


def test_a_database_that_is_away_is_one_line_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be read or written") as away:
        open_records(f"postgresql://me:secret-word@127.0.0.1:{free_port()}/none")
    assert "\n" not in str(away.value)
    assert "secret-word" not in str(away.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write to"):
        file_records(tmp_path / "file" / "records.sqlite")


def test_a_database_without_an_encoding(postgres_url: str) -> None:
    """As a PostgreSQL has it that was set up where no language is."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    records = open_records(f"{postgres_url.rpartition('/')[0]}/bare")
    with records.changing() as change:
        change.put("é", Named("gate «7»"))
    with records.reading() as seen:
        assert seen.all(Named) == [("é", Named("gate «7»"))]
    records.close()
