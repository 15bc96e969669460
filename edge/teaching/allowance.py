"""A share of a thread's time that may be spent on what nobody waits for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Allowance:
    """Grows by ``share`` of the time that goes by, up to ``most_s``; what is spent is taken off it.

    Debts are bounded by ``most_s`` too: a first time, which compiles kernels, is not worth waiting for.
    """

    def __init__(self, share: float, most_s: float) -> None:
        self._share = share
        self._most_s = most_s
        self._left_s = most_s
        self._looked_s = time.monotonic()

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left just now."""
        now_s = time.monotonic()
        self._left_s = min(self._left_s + self._share * (now_s - self._looked_s), self._most_s)
        self._looked_s = now_s
        return self._left_s <= 0

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Take off it what happens inside."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            self._left_s = max(self._left_s - (time.monotonic() - started_s), -self._most_s)
