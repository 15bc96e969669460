"""A clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds that stand still until ``now_s`` is changed."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s
