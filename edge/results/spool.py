"""Spool of unsent requests (store and forward): bounded, crash-safe, in the order in which frames came.

It lies in the result store's database: the note of an accepted frame becomes its request, and later its
result, in one transaction each, so that a frame is in exactly one of them however the agent ends.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.results.store import Store
from evosplit.shared.errors import StoreError
from evosplit.shared.result import Breakdown
from evosplit.shared.serial import from_json, to_json

_INSERT: Final = """
INSERT OR IGNORE INTO spooled (frame_id, size_bytes, request, content, outputs) VALUES (?, ?, ?, ?, ?)
"""


class SpoolFullError(StoreError):
    """No more requests fit; those that wait stay, the new one is not kept."""

    http_status = 503


@dataclass(frozen=True)
class SpooledRequest:
    """One frame that waits for the cloud. ``network`` is the sha256 of its model's file.

    ``received_at_s`` and ``deadline_at_s`` are Unix time, ``cloud_s`` is what the tail takes in ``cloud``,
    ``picture_size`` (height, width) is that of the picture, for outputs that lie in it, and
    ``picture_nudge`` (rows, columns) its nudge in pixels of the network's input.
    """

    frame_id: str
    stream: str
    model: str
    network: str
    received_at_s: float
    strategy: str
    input_name: str
    cut_key: str
    plan_digest: str | None
    cloud_s: float
    picture_size: tuple[int, int] | None
    breakdown: Breakdown
    deadline_at_s: float | None = None
    cloud: str = ""
    picture_nudge: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class SpooledFrame:
    """A request with the body that goes to the cloud, and what the edge has computed of the outputs."""

    request: SpooledRequest
    content: bytes
    outputs: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class SpoolState:
    """Requests that wait, their bytes, and how many were refused since the start because it was full."""

    frames: int
    size_bytes: int
    refused: int


class Spool:
    """At most ``limit_bytes`` of requests in ``store``'s database; all of it belongs to one event loop."""

    def __init__(self, store: Store, limit_bytes: int) -> None:
        self._store = store
        self._limit_bytes = limit_bytes
        self._sizes: dict[str, int] = dict(store.select("SELECT frame_id, size_bytes FROM spooled", ()))
        self._refused = 0

    def put(self, frame: SpooledFrame) -> Future[None]:
        """Exchange a frame's note for its request. Raises SpoolFullError; StoreError through the Future."""
        frame_id, outputs = frame.request.frame_id, _packed(frame.outputs)
        size_bytes = len(frame.content) + len(outputs or b"")
        if sum(self._sizes.values()) + size_bytes > self._limit_bytes:
            self._refused += 1
            raise SpoolFullError(f"the spool is full: {len(self._sizes)} frames wait for the cloud")
        self._sizes[frame_id] = size_bytes
        row = (frame_id, size_bytes, to_json(frame.request), frame.content, outputs)
        return self._store.write(lambda db: _insert(db, row))

    def oldest(self) -> SpooledFrame | None:
        """The request that waits longest. Blocks for a read; raises StoreError."""
        query = "SELECT request, content, outputs FROM spooled ORDER BY sequence LIMIT 1"
        rows = self._store.select(query, ())
        if not rows:
            return None
        request, content, outputs = rows[0]
        return SpooledFrame(from_json(SpooledRequest, request, StoreError), content, _unpacked(outputs))

    def finished(self, frame_id: str) -> None:
        """A request has its result, which takes its place in the store."""
        self._sizes.pop(frame_id, None)

    def holds(self, frame_id: str) -> bool:
        """Whether a frame waits here."""
        return frame_id in self._sizes

    def state(self) -> SpoolState:
        """What waits now."""
        return SpoolState(len(self._sizes), sum(self._sizes.values()), self._refused)


def _insert(db: sqlite3.Connection, row: tuple[object, ...]) -> None:
    db.execute(_INSERT, row)
    db.execute("DELETE FROM accepted WHERE frame_id = ?", (row[0],))


def _packed(outputs: Mapping[str, NDArray[Any]]) -> bytes | None:
    if not outputs:
        return None
    stream = io.BytesIO()
    # Names of tensors are no names of files: their order is kept instead.
    arrays: dict[str, Any] = {f"t{number}": values for number, values in enumerate(outputs.values())}
    np.savez(stream, names=np.array(list(outputs)), **arrays)
    return stream.getvalue()


def _unpacked(outputs: bytes | None) -> dict[str, NDArray[Any]]:
    if outputs is None:
        return {}
    with np.load(io.BytesIO(outputs), allow_pickle=False) as arrays:
        return {str(name): arrays[f"t{number}"] for number, name in enumerate(arrays["names"])}
