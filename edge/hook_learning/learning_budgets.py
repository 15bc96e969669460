"""The time budget and the byte budget of hook learning, shared by all learners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from evosplit.shared.time_budget import TimeBudget, TokenBucket

TIME_SHARE: Final = 0.02
MOST_TIME_S: Final = 0.25
"""Reading frames to learn from them may take this share of the time, of which so much can be saved up."""
BYTE_SHARE: Final = 0.01
MOST_BYTES: Final = 4 << 20
"""Of the bytes that frames send, so many more may go into trying variants, with so much saved up; as many go
into auditing plans."""


def _time() -> TimeBudget:
    return TimeBudget(TIME_SHARE, MOST_TIME_S)


def _wire_bytes() -> TokenBucket:
    return TokenBucket(BYTE_SHARE, MOST_BYTES)


@dataclass(frozen=True, eq=False)
class LearningBudgets:
    """Belongs to the event loop."""

    time: TimeBudget = field(default_factory=_time)
    wire_bytes: TokenBucket = field(default_factory=_wire_bytes)
