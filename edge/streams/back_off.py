"""Exponential back-off, counted in frames: how many go another way after a failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

_MOST_FRAMES: Final = 64


@dataclass(frozen=True)
class BackOff:
    """``failures`` in a row, and the frames that are still to ``wait``: 1, 2, 4 .. 64 after each failure."""

    failures: int = 0
    wait: int = 0

    def failed(self) -> BackOff:
        """It was tried in vain."""
        return BackOff(self.failures + 1, min(2**self.failures, _MOST_FRAMES))

    def sent(self) -> BackOff:
        """A frame went out, whichever way."""
        return replace(self, wait=max(self.wait - 1, 0))


NO_FAILURE: Final = BackOff()
