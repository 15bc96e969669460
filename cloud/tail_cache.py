"""LRU cache of tails: built ahead, or when first asked for; bounded in bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from evosplit.cloud.batching.batch_runner import BatchRunner
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.lru import Lru


class TailKey(NamedTuple):
    """Which tail: of which model, behind which cut and restorations. Cut ``0`` is the whole model."""

    model_sha256: str
    cut_key: str
    restorations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tail:
    """A tail that can run, and the memory that it is reckoned to take."""

    runner: BatchRunner
    memory_bytes: int


@dataclass
class _Slot:
    building: threading.Lock = field(default_factory=threading.Lock)
    tail: Tail | None = None


class TailCache:
    """Tails by key under a limit in bytes; threads that ask for the same tail wait for one build.

    The tail asked for last always stays, even where it alone exceeds the limit; those still being built weigh
    nothing yet, and stay, too.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._slots: Lru[TailKey, _Slot] = Lru(limit_bytes)
        self._lock = threading.Lock()
        self._builds = 0
        self._late_builds = 0

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: TailKey) -> bool:
        with self._lock:
            slot = self._slots.get(key)
            return slot is not None and slot.tail is not None

    @property
    def memory_bytes(self) -> int:
        """Estimate of what all tails take together."""
        with self._lock:
            return int(self._slots.total)

    @property
    def builds(self) -> int:
        """How many tails were built."""
        with self._lock:
            return self._builds

    @property
    def late_builds(self) -> int:
        """How many tails were built while somebody waited for their answer."""
        with self._lock:
            return self._late_builds

    def get(self, key: TailKey, build: Callable[[], Tail], is_awaited: bool = True) -> Tail:
        """The tail of a key, built by the first caller, late if a request waits. Raises as ``build``."""
        slot = self._slot(key)
        with slot.building:
            if slot.tail is not None:
                return slot.tail
            with self._lock:
                self._late_builds += is_awaited
            return self._fill(key, slot, build)

    def prefetch(self, key: TailKey, wanted_bytes: int, build: Callable[[], Tail]) -> Tail | None:
        """Build a tail ahead, for which nothing else is given up.

        None when it is there already, or there is no room for ``wanted_bytes``. Raises what ``build`` raises.
        """
        if key in self or self.memory_bytes + wanted_bytes > self._limit_bytes:
            return None
        slot = self._slot(key)
        with slot.building:
            return None if slot.tail else self._fill(key, slot, build)

    def forget(self, model_sha256: str) -> None:
        """Give up the tails of a model that is served no more."""
        with self._lock:
            for key in [key for key in self._slots if key.model_sha256 == model_sha256]:
                self._slots.pop(key)

    def _slot(self, key: TailKey) -> _Slot:
        with self._lock:
            slot = self._slots.get(key) or _Slot()
            self._slots.put(key, slot, slot.tail.memory_bytes if slot.tail else 0)
            return slot

    def _fill(self, key: TailKey, slot: _Slot, build: Callable[[], Tail]) -> Tail:
        try:
            tail = build()
        except EvoSplitError:
            with self._lock:
                self._slots.pop(key)
            raise
        with self._lock:
            self._builds += 1
            slot.tail = tail
            self._slots.put(key, slot, tail.memory_bytes)
        return tail
