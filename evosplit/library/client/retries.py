"""Exponential backoff with jitter for requests that are sent again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 10.0

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Retries:
    """How often a request is repeated, and how long is waited before: doubled each time, at random by half.

    A tier that says ``Retry-After`` is asked then, but no later than in ten seconds. ``sleep`` waits.
    """

    count: int = 4
    sleep: Sleep = asyncio.sleep

    def wait_s(self, attempt: int, asked_s: float | None) -> float:
        """Seconds before the attempt after number ``attempt`` (from 0)."""
        if asked_s is not None:
            return min(asked_s, _LONGEST_WAIT_S)
        doubled_s: float = _FIRST_WAIT_S * 2.0**attempt
        return min(doubled_s, _LONGEST_WAIT_S) * random.uniform(0.5, 1.0)  # noqa: S311
