"""Deadline propagation: the HTTP header with the seconds that a sender can still wait for its answer.

A span of time, not a time of day: the clocks of both sides need not agree.
"""

from __future__ import annotations

import math
from typing import Final

from evosplit.shared.errors import InputError

TIME_LEFT: Final = "Evosplit-Time-Left"
"""The header; its value is a decimal number of seconds."""


def time_left_header(left_s: float) -> dict[str, str]:
    """The header for a request whose answer is of use for so long."""
    return {TIME_LEFT: f"{max(left_s, 0.0):.4f}"}


def time_left_s(text: str | None) -> float:
    """The value of the header; infinite without one. Raises InputError."""
    if text is None:
        return math.inf
    try:
        left_s = float(text)
    except ValueError:
        left_s = math.nan
    if not left_s >= 0:
        raise InputError(f"{TIME_LEFT} is not a number of seconds")
    return left_s
