"""Near-duplicates among the inputs of the last minute: frames that show the same count once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from evosplit.edge.calibration.signature import Signature, is_known

MOST: Final = 64
FORGET_S: Final = 60.0
"""A scene that stands still for longer counts again."""


class NearDuplicates:
    """The last `MOST` inputs, by their signatures. ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, Signature]] = deque(maxlen=MOST)

    def holds(self, candidate: Signature) -> bool:
        """Whether one of them is the same but for noise."""
        while self._seen and self._seen[0][0] < self._clock() - FORGET_S:
            self._seen.popleft()
        return bool(self._seen) and is_known(candidate, np.stack([mark for _, mark in self._seen]))

    def add(self, candidate: Signature) -> None:
        """Remember it."""
        self._seen.append((self._clock(), candidate))
