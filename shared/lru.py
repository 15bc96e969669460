"""Bounded LRU map: the entries used last, no more than a limit of their weights."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Entries by key, the longest unused first; only `put` counts as a use. Not locked.

    Whatever entries weigh, the newest stays if it ``keeps_newest``, and those of weight 0 stay.
    """

    def __init__(self, limit: float, keeps_newest: bool = True) -> None:
        self.total = 0.0
        self._limit = limit
        self._kept = int(keeps_newest)
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __getitem__(self, key: K) -> V:
        return self._entries[key][0]

    def get(self, key: K) -> V | None:
        """The value of a key; None without one."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: K, value: V, weight: float = 1) -> tuple[K, ...]:
        """Make ``key`` the newest, with this value and weight; the keys that had to go for it."""
        self.pop(key)
        self._entries[key] = (value, weight)
        self.total += weight
        return self._evicted() if self.total > self._limit else ()

    def pop(self, key: K) -> V | None:
        """Take an entry out; None without one."""
        value, weight = self._entries.pop(key, (None, 0.0))
        self.total -= weight
        return value

    def _evicted(self) -> tuple[K, ...]:
        gone, left = [], self.total
        for key, (_, weight) in itertools.islice(self._entries.items(), len(self._entries) - self._kept):
            if left <= self._limit:
                break
            if weight:
                gone.append(key)
                left -= weight
        for key in gone:
            self.pop(key)
        return tuple(gone)
