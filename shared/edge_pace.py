"""Pace of the edge: how much slower it is by its readings than when frames last told. Pure.

While frames run on the edge, their seconds correct the predictions, whatever the clock is
(docs/decisions/corrections.md); readings would only count the same slowness again. They tell something once
frames go elsewhere: what has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNSURE: Final = 1.25
"""A smaller factor is noise of the readings."""
_NEWEST: Final = 0.2
"""Weight of one frame in what frames have told of."""


@dataclass(frozen=True)
class EdgePace:
    """``now`` is the slowdown by the last reading, ``told`` what it was when frames were measured."""

    now: float = 1.0
    told: float | None = None

    def read(self, slowdown: float) -> EdgePace:
        """After a reading. The first one is what all is compared with: the profile was made here, too."""
        return EdgePace(slowdown, slowdown if self.told is None else self.told)

    def measured(self) -> EdgePace:
        """After a frame whose seconds on the edge have corrected the predictions."""
        told = self.now if self.told is None else self.told + _NEWEST * (self.now - self.told)
        return EdgePace(self.now, told)

    @property
    def factor(self) -> float:
        """By what corrected seconds of the edge are multiplied."""
        factor = self.now / self.told if self.told else 1.0
        return factor if max(factor, 1 / factor) >= UNSURE else 1.0


AS_PROFILED: Final = EdgePace()
"""Nothing was read yet."""
