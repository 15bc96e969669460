"""Prefetching of tails: those of plans that were handed out are built before a frame asks for them.

One at a time, so that frames served meanwhile wait as little as can be: building holds the interpreter.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.planned_tails import PlannedTail, planned_tails
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.plan import PlanTable

LIMIT_S: Final = 5.0
"""How long whoever hands out a table waits for its tails; those left over are built behind its back."""
_LOG: Final = logging.getLogger("evosplit.cloud")


class TailWarmer:
    """Builds the tails of tables, the most likely first, as long as there is room for them.

    For several threads; ``clock`` gives seconds that never go back.
    """

    def __init__(self, plane: DataPlane, clock: Callable[[], float] = time.monotonic) -> None:
        self._plane = plane
        self._clock = clock
        self._alone = threading.Lock()
        self._later = ThreadPoolExecutor(1, "warm")

    def warm(self, tables: Iterable[PlanTable], limit_s: float = LIMIT_S) -> None:
        """Build for about ``limit_s`` what is missing, and the rest later. What fails is in the log."""
        left = self._build(planned_tails(tables), self._clock() + limit_s)
        if left:
            self._later.submit(self._build, left)

    def finish(self) -> None:
        """Wait for what was left for later; nothing can be left for later after that."""
        self._later.shutdown()

    def _build(self, tails: Sequence[PlannedTail], end_s: float = float("inf")) -> Sequence[PlannedTail]:
        """Those for which there was no time."""
        for index, tail in enumerate(tails):
            if self._clock() >= end_s:
                return tails[index:]
            with self._alone:
                self._build_one(tail)
        return ()

    def _build_one(self, tail: PlannedTail) -> None:
        try:
            self._plane.prefetch(tail)
        except EvoSplitError as problem:
            _LOG.warning("%s: no tail behind cut %s: %s", tail.model, tail.cut_key, problem)
