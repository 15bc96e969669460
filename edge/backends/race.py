"""Online backend selection: candidates take turns on served frames, and the fastest goes on."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext, Segment, Tensors

FRAMES_PER_TURN: Final = 4
"""Frames in a row for each candidate; the first, which may recompute all it keeps, is not timed."""
RACE_PERIOD_FRAMES: Final = 400
"""Frames until the next race."""


class Race:
    """A segment that runs whichever of its candidates was fastest in the last race.

    All candidates give the same values, to rounding, so a race costs time alone.
    ``clock`` gives seconds.
    """

    def __init__(
        self, candidates: tuple[Segment, ...], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._candidates = candidates
        self._clock = clock
        self._turns_s: list[deque[float]] = [deque(maxlen=FRAMES_PER_TURN - 1) for _ in candidates]
        self._best = candidates[0]
        self._last = candidates[0]
        self._frame = 0
        self.reads = candidates[0].reads
        self.makes = candidates[0].makes

    @property
    def backend(self) -> str:
        """Of the candidate that ran last."""
        return self._last.backend

    @property
    def density(self) -> float:
        """Of the candidate that ran last."""
        return self._last.density

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """``makes`` from ``reads``. Raises InputError as the candidates do."""
        candidate, frame_of_turn = divmod(self._frame, FRAMES_PER_TURN)
        is_race = candidate < len(self._candidates)
        self._last = self._candidates[candidate] if is_race else self._best
        started_s = self._clock()
        made = self._last.run(tensors, frame)
        if is_race and frame_of_turn:
            self._turns_s[candidate].append(self._clock() - started_s)
        self._advance()
        return made

    def forget(self, stream: str) -> None:
        """All candidates drop what they keep of a stream."""
        for candidate in self._candidates:
            candidate.forget(stream)

    def _advance(self) -> None:
        self._frame += 1
        if self._frame == FRAMES_PER_TURN * len(self._candidates):
            medians = [statistics.median(turn_s) for turn_s in self._turns_s]
            self._best = self._candidates[medians.index(min(medians))]
        elif self._frame >= RACE_PERIOD_FRAMES:
            self._frame = 0
