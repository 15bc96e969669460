"""Trimming rule: when what was freed is to be returned, from readings of the process's resident memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROWTH_BYTES: Final = 4 * 10**6
"""Less is not worth the pages that the next frames would have to be given again."""
LEAST_REST_S: Final = 60.0
PATIENCE_S: Final = 300.0
"""So long it waits for a moment without a frame: what frames under way hold cannot be returned."""
MOST_REST_S: Final = 600.0
"""The memory may have been in use when it was trimmed last, and free since, without any growth."""


@dataclass(frozen=True)
class Reading:
    """The process's ``resident_bytes`` at a time, and whether no frame is under way (``is_lull``)."""

    at_s: float
    resident_bytes: int
    is_lull: bool


def is_due(now: Reading, trimmed: Reading) -> bool:
    """Whether to trim now; ``trimmed`` was read after the last time, or when the process began."""
    rest_s = now.at_s - trimmed.at_s
    if rest_s >= MOST_REST_S:
        return True
    has_grown = now.resident_bytes - trimmed.resident_bytes >= GROWTH_BYTES
    return has_grown and rest_s >= (LEAST_REST_S if now.is_lull else PATIENCE_S)
