"""Circuit breaker: while the cloud is known to be away, no frame waits for it.

Times are given by the caller, so that nothing here looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REFUSALS_TO_OPEN: Final = 3
"""Answers in a row that are errors open the circuit; silence does so at once."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 4.0


@dataclass
class Circuit:
    """Closed: frames go to the cloud. Open: they do not, and a probe is due from time to time.

    The pause before each probe doubles from `FIRST_PAUSE_S` to `LONGEST_PAUSE_S`; one success closes it.
    """

    refusals: int = 0
    pause_s: float = FIRST_PAUSE_S
    probe_at_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether frames must do without the cloud."""
        return self.probe_at_s is not None

    def succeeded(self) -> None:
        """The cloud answered as it should."""
        self.refusals, self.pause_s, self.probe_at_s = 0, FIRST_PAUSE_S, None

    def refused(self, now_s: float) -> None:
        """The cloud answered with an error."""
        self.refusals += 1
        if self.refusals >= REFUSALS_TO_OPEN:
            self.silent(now_s)

    def silent(self, now_s: float) -> None:
        """The cloud did not answer. Frames that were under way when it opened do not lengthen the pause."""
        if self.probe_at_s is not None and now_s < self.probe_at_s:
            return
        self.pause_s = FIRST_PAUSE_S if self.probe_at_s is None else min(2 * self.pause_s, LONGEST_PAUSE_S)
        self.probe_at_s = now_s + self.pause_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until the cloud is looked for; 0 while the circuit is closed."""
        return 0.0 if self.probe_at_s is None else max(self.probe_at_s - now_s, 0.0)

    def probe_due(self, now_s: float) -> bool:
        """Whether an open circuit should be tried again."""
        return self.probe_at_s is not None and now_s >= self.probe_at_s
