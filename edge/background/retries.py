"""Retries with exponential back-off for steps that the operating system or a file may refuse."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from evosplit.shared.errors import EvoSplitError

FIRST_REST_S: Final = 10.0
LONGEST_REST_S: Final = 600.0
"""After a refusal a step rests, from the first to the longest, twice as long each time."""

_log = logging.getLogger(__name__)


class Retries:
    """Steps by a few words that say what their failure means, each with a rest of its own.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rests: dict[str, tuple[float, float]] = {}

    async def attempt(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take the step unless it rests. OSError and EvoSplitError are one line in the log."""
        until_s, rest_s = self._rests.get(what, (0.0, FIRST_REST_S))
        if self._clock() < until_s:
            return
        try:
            await step()
        except (OSError, EvoSplitError) as refused:
            _log.warning("%s: %s; tried again in %g s", what, refused, rest_s)
            self._rests[what] = self._clock() + rest_s, min(2 * rest_s, LONGEST_REST_S)
        else:
            self._rests.pop(what, None)
