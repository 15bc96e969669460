"""Document store in SQL: values by kind and key, changed in transactions of one writer at a time.

SQLite in the data folder, or PostgreSQL by its URL, both by SQLAlchemy Core. Several processes may share it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from evosplit.cloud.storage.tables import DOCUMENTS, METADATA
from evosplit.shared.errors import EvoSplitError, MissingExtraError, StoreError, UsageError
from evosplit.shared.serial import from_json, to_json

T = TypeVar("T")

_WAIT_S: Final = 10
"""How long a writer waits for another one, and for a database to answer."""
# The driver gives bytes for text where a database says that it has no encoding (SQL_ASCII).
_POSTGRESQL: Final = {"connect_timeout": _WAIT_S, "client_encoding": "utf8"}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


@dataclass(frozen=True)
class Transaction:
    """Reads and writes that happen together or not at all. ``now_s`` is Unix time."""

    connection: Connection
    now_s: float

    def get(self, kind: type[T], key: str) -> T | None:
        """The value of a key, or None where there is none that can be read."""
        body = self.connection.scalar(select(DOCUMENTS.c.body).where(*_named(kind, key)))
        return None if body is None else _value(kind, body)

    def all(self, kind: type[T], most: int | None = None) -> list[tuple[str, T]]:
        """Keys and values of a kind, those written last first."""
        newest = select(DOCUMENTS.c.key, DOCUMENTS.c.body).where(DOCUMENTS.c.kind == kind.__name__)
        rows = self.connection.execute(newest.order_by(DOCUMENTS.c.changed_s.desc()).limit(most))
        values = ((key, _value(kind, body)) for key, body in rows)
        return [(key, value) for key, value in values if value is not None]

    def put(self, key: str, value: object) -> None:
        """Keep a value, in the place of what is there."""
        row = {"kind": type(value).__name__, "key": key, "changed_s": self.now_s, "body": to_json(value)}
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(DOCUMENTS).values(row)
        changes = {name: insert.excluded[name] for name in ("changed_s", "body")}
        self.connection.execute(insert.on_conflict_do_update(index_elements=["kind", "key"], set_=changes))

    def touch(self, kind: type[object], key: str) -> None:
        """As if it were written now."""
        self.connection.execute(update(DOCUMENTS).where(*_named(kind, key)).values(changed_s=self.now_s))

    def drop(self, kind: type[object], key: str) -> None:
        """Forget a value; nothing where there is none."""
        self.connection.execute(delete(DOCUMENTS).where(*_named(kind, key)))


class Records:
    """Values by kind (their class) and key, for several threads. ``clock`` gives Unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        with _typed_errors(), engine.begin() as connection:
            _take_turn(connection)
            METADATA.create_all(connection)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """What is there at one moment. Raises StoreError."""
        with _typed_errors(), self._engine.connect() as connection:
            yield Transaction(connection, self._clock())

    @contextlib.contextmanager
    def changing(self) -> Iterator[Transaction]:
        """Changes by one writer at a time, undone where the block raises. Raises StoreError."""
        with _typed_errors(), self._engine.begin() as connection:
            _take_turn(connection)
            yield Transaction(connection, self._clock())

    def close(self) -> None:
        """End all connections."""
        self._engine.dispose()


def open_records(url: str, clock: Callable[[], float] = time.time) -> Records:
    """The records at ``postgresql://USER@HOST/NAME`` or ``sqlite:///FILE``; tables are made when missing.

    Raises UsageError, MissingExtraError, StoreError.
    """
    return Records(_engine(url), clock)


def file_records(path: Path, clock: Callable[[], float] = time.time) -> Records:
    """Records in a file of SQLite. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreError(f"cannot write to {path.parent}: {problem.strerror}") from None
    return open_records(f"sqlite:///{path.absolute()}", clock)


def _engine(url: str) -> Engine:
    scheme = url.partition("://")[0]
    if scheme not in _DRIVERS or "://" not in url:
        raise UsageError("records are at an address like postgresql://user@host/name or sqlite:///file")
    try:
        where = make_url(_DRIVERS[scheme] + url.removeprefix(scheme))
        if scheme != "sqlite":
            return create_engine(where, pool_pre_ping=True, connect_args=dict(_POSTGRESQL))
        engine = create_engine(where, connect_args={"timeout": _WAIT_S, "check_same_thread": False})
    except ModuleNotFoundError as missing:
        raise MissingExtraError("--records with postgresql://", str(missing.name), "fleet") from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise UsageError("the address of the records cannot be read: postgresql://user@host/name") from None
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: object, _record: object) -> None:
    """Transactions are begun by us: the driver would begin them too late."""
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _take_turn(connection: Connection) -> None:
    """Wait until no other writer is at work; released with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_S}s'"))
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("evosplit records"))))
    else:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _named(kind: type[object], key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DOCUMENTS.c.kind == kind.__name__, DOCUMENTS.c.key == key


def _value(kind: type[T], body: bytes) -> T | None:
    try:
        return from_json(kind, bytes(body), EvoSplitError)
    except EvoSplitError:
        return None  # of another version


@contextlib.contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as problem:
        cause = str(getattr(problem, "orig", None) or problem).strip().splitlines() or ["no reason given"]
        raise StoreError(f"the records cannot be read or written: {cause[0][:200]}") from None
