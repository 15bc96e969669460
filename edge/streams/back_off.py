"""Exponential back-off, counted in frames: how many go another way after a failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

_MOST_FAILURES: Final = 7
SUCCESSES: Final = 32
"""In a row, that make up for one failure: so many tries gain about what one failure costs."""


@dataclass(frozen=True)
class BackOff:
    """``failures`` that were not made up for, and the frames that are still to ``wait``: 1, 2, 4 .. 64.

    ``successes`` in a row count since the last failure, or since the last one that was made up for.
    """

    failures: int = 0
    wait: int = 0
    successes: int = 0

    def failed(self) -> BackOff:
        """It was tried in vain."""
        failures = min(self.failures + 1, _MOST_FAILURES)
        return BackOff(failures, max(self.wait, 2 ** (failures - 1)))

    def succeeded(self) -> BackOff:
        """It was tried and worked; what waits goes on waiting."""
        if self.failures == 0:
            return self
        if self.successes + 1 < SUCCESSES:
            return replace(self, successes=self.successes + 1)
        return BackOff(self.failures - 1, self.wait)

    def sent(self) -> BackOff:
        """A frame went out, whichever way."""
        return replace(self, wait=max(self.wait - 1, 0))


NO_FAILURE: Final = BackOff()
