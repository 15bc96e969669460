"""Batch sizes of a tail: how long each takes, and how so many samples are cut into batches of them.

Batches are padded up to a measured size where that takes less time than smaller ones would.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SIZES: Final = (1, 2, 4, 8, 16)
LARGEST: Final = SIZES[-1]
_LIMIT_S: Final = 1.0
_REPEATS: Final = 2


@dataclass(frozen=True)
class BatchTimes:
    """Seconds by batch size; 1 is always among them."""

    seconds: Mapping[int, float]

    def cut(self, count: int) -> tuple[int, ...]:
        """Sizes of batches, largest first, that hold ``count`` samples in the least time, some padded."""
        if count <= 0:
            return ()
        size = self._first(count)
        return (size, *self.cut(count - size))

    def total_s(self, count: int) -> float:
        """What the batches take together."""
        return sum(self.seconds[size] for size in self.cut(count))

    def _first(self, count: int) -> int:
        """The size to begin with, by dynamic programming over what is left."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for left in range(1, count + 1):
            ways = ((taken + best[max(0, left - size)][0], -size) for size, taken in self.seconds.items())
            best.append(min(ways))
        return -best[count][1]


ALONE: Final = BatchTimes(MappingProxyType({1: 1.0}))
"""Of a tail that takes one sample at a time."""
UNMEASURED: Final = BatchTimes(MappingProxyType({size: float(size) for size in SIZES}))
"""Of a tail that nobody has measured: no size is better than another, so none is padded."""


def measure_times(
    run: Callable[[int], object], limit_s: float = _LIMIT_S, clock: Callable[[], float] = time.perf_counter
) -> BatchTimes:
    """The shortest of two runs of each size, smallest first, until ``limit_s`` are spent.

    Sizes that take longer than smaller ones in their place are left out.
    """
    seconds: dict[int, float] = {}
    end_s = clock() + limit_s
    for size in SIZES:
        if seconds and clock() >= end_s:
            break
        run(size)  # the first run of a shape plans its memory
        taken_s = min(_timed_s(functools.partial(run, size), clock) for _ in range(_REPEATS))
        if not seconds or taken_s < BatchTimes(seconds).total_s(size):
            seconds[size] = taken_s
    return BatchTimes(MappingProxyType(seconds))


def _timed_s(work: Callable[[], object], clock: Callable[[], float]) -> float:
    started_s = clock()
    work()
    return clock() - started_s
