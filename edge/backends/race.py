"""Two backends that race on the stream's own frames, because what one of them gains lies in the frames."""

from __future__ import annotations

import statistics
import time
from collections import deque
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext, Segment, Tensors

HEAT: Final = 4
"""Frames in a row for each candidate; the first of them, which may have to catch up, does not count."""
PERIOD: Final = 400
"""Frames until the next race."""


class Contest:
    """A segment that runs whichever of its candidates was quickest in the last race.

    All candidates give the same values, to rounding, so a race costs time alone.
    """

    def __init__(self, candidates: tuple[Segment, ...]) -> None:
        self._candidates = candidates
        self._heats: list[deque[float]] = [deque(maxlen=HEAT - 1) for _ in candidates]
        self._best = candidates[0]
        self._last = candidates[0]
        self._turn = 0
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
        at, place = divmod(self._turn, HEAT)
        is_race = at < len(self._candidates)
        self._last = self._candidates[at] if is_race else self._best
        started_s = time.perf_counter()
        made = self._last.run(tensors, frame)
        if is_race and place:
            self._heats[at].append(time.perf_counter() - started_s)
        self._advance()
        return made

    def forget(self, stream: str) -> None:
        """All candidates drop what they keep of a stream."""
        for candidate in self._candidates:
            candidate.forget(stream)

    def _advance(self) -> None:
        self._turn += 1
        if self._turn == HEAT * len(self._candidates):
            medians = [statistics.median(heat) for heat in self._heats]
            self._best = self._candidates[medians.index(min(medians))]
        elif self._turn >= PERIOD:
            self._turn = 0
