"""Token buckets for background work: a share of the time, or of the bytes of frames."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class TokenBucket:
    """An amount that grows by ``share`` of a flow, up to ``most``; what is spent is taken off it.

    Debts are bounded by ``most`` too.
    """

    def __init__(self, share: float, most: float, left: float = 0.0) -> None:
        self._share = share
        self.most = most
        self.left = left

    def earn(self, flow: float) -> None:
        """So much has flowed."""
        self.left = min(self.left + self._share * flow, self.most)

    def spend(self, amount: float) -> None:
        """So much was spent."""
        self.left = max(self.left - amount, -self.most)


class TimeBudget:
    """Time as a budget: it grows by ``share`` of the time that goes by, up to ``most_s``.

    A first time, which compiles kernels, is not worth waiting for: hence bounded debts.
    """

    def __init__(self, share: float, most_s: float) -> None:
        self._budget = TokenBucket(share, most_s, most_s)
        self._looked_s = time.monotonic()

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left just now."""
        now_s = time.monotonic()
        self._budget.earn(now_s - self._looked_s)
        self._looked_s = now_s
        return self._budget.left <= 0

    def spend(self, seconds: float) -> None:
        """So much was spent."""
        self._budget.spend(seconds)

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Take off it what happens inside."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            self.spend(time.monotonic() - started_s)
