"""Exponential back-off, and retries with it of steps that the operating system or a file may refuse."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from evosplit.shared.errors import EvoSplitError

RESTS_S: Final = (10.0, 600.0)
"""After a refusal a step rests, from the first to the longest, twice as long each time."""

_log = logging.getLogger(__name__)


class BackOff:
    """Pauses from ``pauses_s[0]`` to ``pauses_s[1]`` seconds."""

    def __init__(self, pauses_s: tuple[float, float]) -> None:
        self._first_s, self._longest_s = pauses_s
        self._next_s = self._first_s

    def next_s(self) -> float:
        """The pause after one more failure."""
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Something went well: begin with the first pause again."""
        self._next_s = self._first_s


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
        self._rest_until_s: dict[str, float] = {}
        self._back_offs: dict[str, BackOff] = {}

    def is_resting(self, what: str) -> bool:
        """Whether the step was refused not long ago."""
        return self._clock() < self._rest_until_s.get(what, 0.0)

    @contextlib.contextmanager
    def guarded(self, what: str) -> Iterator[bool]:
        """Whether the step is to be taken inside. What refuses it is one line in the log, and it rests.

        Errors that neither the system nor this package raises on purpose come with their traceback.
        """
        if self.is_resting(what):
            yield False
            return
        try:
            yield True
        except self._errors as refused:
            is_expected = isinstance(refused, (OSError, EvoSplitError))
            trace = None if is_expected else refused
            rest_s = self._back_offs.setdefault(what, BackOff(RESTS_S)).next_s()
            _log.warning("%s: %s; tried again in %g s", what, refused, rest_s, exc_info=trace)
            self._rest_until_s[what] = self._clock() + rest_s
        else:
            self._rest_until_s.pop(what, None)
            self._back_offs.pop(what, None)

    async def attempt(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take the step unless it rests."""
        with self.guarded(what) as is_rested:
            if is_rested:
                await step()
