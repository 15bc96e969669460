"""Token buckets: a share of the time or of the bytes of frames, or so many requests a second."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


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
    """A budget that grows by ``share`` with each second that goes by, up to ``most``.

    Of seconds of work, ``share`` is the share of the time that it may take; of requests, the rate. A first
    time, which compiles kernels, is not worth waiting for: hence bounded debts.
    """

    def __init__(self, share: float, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._budget = TokenBucket(share, most, most)
        self._clock = clock
        self._looked_s = clock()

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left just now."""
        self._earn()
        return self._budget.left <= 0

    def wait_s(self, amount: float) -> float:
        """Seconds until so much is left, 0 where it is."""
        self._earn()
        return max(amount - self._budget.left, 0.0) / self._share

    def spend(self, amount: float) -> None:
        """So much was spent."""
        self._budget.spend(amount)

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Take off it what happens inside."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            self.spend(time.monotonic() - started_s)

    def _earn(self) -> None:
        now_s = self._clock()
        self._budget.earn(now_s - self._looked_s)
        self._looked_s = now_s
