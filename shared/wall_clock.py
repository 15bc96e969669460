"""Wall clock of a device without a battery for it: until it is set, it shows its own beginning.

Times on disk outlive the process and are Unix seconds, so that monotonic clocks are no help: what lies
between two of them says nothing when the clock was set, or lost its time, in between.
"""

from __future__ import annotations

from typing import Final

SET_FROM_S: Final = 978_307_200.0
"""2001-01-01 in Unix seconds: clocks that were never set begin in 1970 or 2000."""


def is_set(wall_s: float) -> bool:
    """Whether a time can be right."""
    return wall_s >= SET_FROM_S


def elapsed_s(since_s: float, now_s: float) -> float | None:
    """Seconds from one time to another, below 0 where the clock was put back.

    None where it was set, or lost its time, between them.
    """
    return now_s - since_s if is_set(since_s) == is_set(now_s) else None
