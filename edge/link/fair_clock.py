"""Fair-share timing of several requests at once: how much of the link each of them had."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Passage:
    """One request on the link: seconds from begin to end, and its mean share of the link (0 to 1)."""

    seconds: float = 0.0
    share: float = 1.0

    def end(self, seconds: float, alone_s: float) -> None:
        """Fill it in; ``alone_s`` is how long it would have had the link to itself."""
        self.seconds = seconds
        self.share = min(alone_s / max(seconds, 1e-9), 1.0)


@dataclass
class FairClock:
    """Virtual time that runs at 1/k while k requests share the link (processor sharing).

    A request that was under way from a to b had, on average, ``(V(b) - V(a)) / (b - a)`` of the link.
    """

    users: int = 0
    _virtual_s: float = 0.0
    _last_s: float = 0.0

    @contextlib.contextmanager
    def passage(self) -> Iterator[Passage]:
        """Time a request; the passage is filled in when the block is left, however that happens."""
        passage, started_s = Passage(), time.perf_counter()
        entered_s = self.advance(started_s)
        self.users += 1
        try:
            yield passage
        finally:
            ended_s = time.perf_counter()
            left_s = self.advance(ended_s)
            self.users -= 1
            passage.end(ended_s - started_s, left_s - entered_s)

    def advance(self, now_s: float) -> float:
        """The virtual time at ``now_s``, which never runs backwards."""
        if self.users:
            self._virtual_s += (now_s - self._last_s) / self.users
        self._last_s = now_s
        return self._virtual_s
