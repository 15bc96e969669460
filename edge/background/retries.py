"""Retries with exponential back-off for steps that the operating system or a file may refuse."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from evosplit.shared.errors import EvoSplitError

FIRST_REST_S: Final = 10.0
LONGEST_REST_S: Final = 600.0
"""After a refusal a step rests, from the first to the longest, twice as long each time."""

_log = logging.getLogger(__name__)


class Retries:
    """Steps by a few words that say what their failure means, each with a rest of its own.

    ``clock`` gives seconds that never go back; ``errors`` are what a step may be refused with. Any thread may
    call.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        errors: tuple[type[Exception], ...] = (OSError, EvoSplitError),
    ) -> None:
        self._clock = clock
        self._errors = errors
        self._rests: dict[str, tuple[float, float]] = {}

    def is_resting(self, what: str) -> bool:
        """Whether the step was refused not long ago."""
        return self._clock() < self._rests.get(what, (0.0, FIRST_REST_S))[0]

    @contextlib.contextmanager
    def guarded(self, what: str) -> Iterator[bool]:
        """Whether the step is to be taken inside. What refuses it is one line in the log, and it rests.

        Errors that neither the system nor this package raises on purpose come with their traceback.
        """
        if self.is_resting(what):
            yield False
            return
        _, rest_s = self._rests.get(what, (0.0, FIRST_REST_S))
        try:
            yield True
        except self._errors as refused:
            is_expected = isinstance(refused, (OSError, EvoSplitError))
            trace = None if is_expected else refused
            _log.warning("%s: %s; tried again in %g s", what, refused, rest_s, exc_info=trace)
            self._rests[what] = self._clock() + rest_s, min(2 * rest_s, LONGEST_REST_S)
        else:
            self._rests.pop(what, None)

    async def attempt(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take the step unless it rests."""
        with self.guarded(what) as is_rested:
            if is_rested:
                await step()
