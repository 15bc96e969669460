"""Wall clock of a device without a battery for it: until it is set, it shows its own beginning."""

from __future__ import annotations

from typing import Final

SET_FROM_S: Final = 978_307_200.0
"""2001-01-01 in Unix seconds: clocks that were never set begin in 1970 or 2000."""


def is_set(wall_s: float) -> bool:
    """Whether a time can be right."""
    return wall_s >= SET_FROM_S


def are_comparable(first_s: float, second_s: float) -> bool:
    """Whether the difference of two times says anything: the clock was not set, or lost, between them."""
    return is_set(first_s) == is_set(second_s)
