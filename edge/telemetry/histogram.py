"""Histogram with fixed buckets, small enough to keep one per segment."""

from __future__ import annotations

import bisect
from typing import Final

_PER_DECADE: Final = 8


def decades(low: int, high: int) -> tuple[float, ...]:
    """Bucket limits from 10^low to 10^high, eight to a decade: a quantile is off by 15 % at most."""
    return tuple(10 ** (low + step / _PER_DECADE) for step in range((high - low) * _PER_DECADE + 1))


SECONDS: Final = decades(-6, 2)
BYTES: Final = decades(0, 9)
SHARES: Final = tuple(step / 20 for step in range(1, 21))


class Histogram:
    """Counts values by bucket; a value goes where it is not above the bucket's limit."""

    def __init__(self, limits: tuple[float, ...]) -> None:
        self._limits = limits
        self._counts = [0] * (len(limits) + 1)
        self.count = 0
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect.bisect_left(self._limits, value)] += 1
        self.count += 1
        self.total += value

    @property
    def mean(self) -> float | None:
        """The mean of all values; None without any."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The limit of the bucket that holds the quantile; None without any value."""
        seen = 0
        for limit, count in zip((*self._limits, self._limits[-1]), self._counts, strict=True):
            seen += count
            if self.count and seen >= share * self.count:
                return limit
        return None

    def summary(self) -> dict[str, float | int | None]:
        """Count, mean, median and 95th percentile as plain data."""
        return {
            "count": self.count,
            "mean": self.mean,
            "p50": self.quantile(0.5),
            "p95": self.quantile(0.95),
        }
