"""Pace of a source: which of its pictures are taken, by number and by time. A pure rule with its state."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Each ``every``-th picture, at most ``rate`` a second (None: any number).

    The time of the next picture moves on in steps of ``1/rate``, so that a camera's jitter does not lower the
    rate; after a pause it starts from the picture that ended it.
    """

    every: int = 1
    rate: float | None = None
    next_s: float = float("-inf")

    def take(self, number: int, now_s: float) -> tuple[bool, Pace]:
        """Whether the picture is taken, and the pace behind it."""
        if number % self.every:
            return False, self
        if self.rate is None:
            return True, self
        step_s = 1 / self.rate
        # A camera's clock and ours differ: what comes a little early is on time.
        if now_s < self.next_s - step_s / 20:
            return False, self
        is_late = now_s - self.next_s > step_s
        return True, Pace(self.every, self.rate, (now_s if is_late else self.next_s) + step_s)
