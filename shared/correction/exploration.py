"""Exploration rule: when a frame is spent on a plan that may be faster than the best one. Pure.

The budget, exactly: of any `WINDOW` counted frames in a row at most `MOST` are tries (2 %), and a try's plan
is predicted, corrected, to take at most `LOSS` longer than the best one. So what all tries of a window are
predicted to lose is at most 2 % x 0.5 = 1 % of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.shared.correction.corrected_latency import Prices

WINDOW: Final = 500
MOST: Final = 10
LOSS: Final = 0.5

_LENGTH: Final = 2  # frames of one try: the first finds caches cold
_PATIENCE: Final = 4.0
"""A try waits so many frames since the last one, divided by the share of the latency that it may save."""
_GAIN: Final = 0.02  # less than this share is not worth one
_Z: Final = 1.64  # the intervals: 90 %


@dataclass(frozen=True)
class Tries:
    """``frames`` are the last `MOST` frames that were tries; ``plan`` is tried for ``left`` frames more."""

    frames: tuple[int, ...] = ()
    plan: int | None = None
    left: int = 0

    def may_begin(self, frame: int) -> bool:
        """Whether the budget has room for a whole try."""
        first = len(self.frames) - MOST + _LENGTH - 1
        return not self.left and (first < 0 or frame - self.frames[first] >= WINDOW)

    def waited(self, frame: int) -> float:
        """The share of the latency that a try must promise to save so soon after the last one."""
        since = frame - self.frames[-1] if self.frames else frame
        return max(_GAIN, _PATIENCE / max(since, 1))

    def begun(self, plan: int) -> Tries:
        """With a try of a plan to come."""
        return Tries(self.frames, plan, _LENGTH)

    def spent(self, frame: int) -> Tries:
        """After one frame of it."""
        return Tries((*self.frames, frame)[-MOST:], self.plan, self.left - 1)

    def given_up(self) -> Tries:
        """Without what is left of the try."""
        return Tries(self.frames)


def worth_trying(priced: Prices, current: int, best: int, gain_share: float) -> list[int]:
    """The plans that may save at least a share of the current latency, those that may save the most first.

    That is where the interval of the difference from the current plan reaches, so that both plans' intervals
    overlap; ``best`` is the plan of the least corrected latency.
    """
    latency_s, current_s = priced.latency_s, float(priced.latency_s[current])
    is_cheap = latency_s <= (1 + LOSS) * float(latency_s[best])
    if np.count_nonzero(is_cheap) == is_cheap[current]:  # none beside it, as for most frames
        return []
    gain_s = _Z * priced.deviations_from_s(current) - (latency_s - current_s)
    candidates = np.flatnonzero(is_cheap & (gain_s >= gain_share * current_s))
    others = (int(place) for place in candidates if place != current)
    return sorted(others, key=lambda place: -float(gain_s[place]))
