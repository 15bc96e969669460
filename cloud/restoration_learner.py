"""Learning of restorations in idle time: one tensor at a time, when nobody has asked for plans for a while.

It has a thread and a process of its own, of the lowest priority: nobody who asks for plans waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeAlias

from evosplit.cloud.plan_service import PlanRequest
from evosplit.cloud.registry import Model
from evosplit.shared.errors import EvoSplitError

IDLE_S: Final = 30.0
"""How long after the last request for plans it begins ..."""
PAUSE_S: Final = 1.0
"""... and how long it rests between two tensors."""
_LOG: Final = logging.getLogger("evosplit.cloud")

LearnNext: TypeAlias = Callable[[Model, PlanRequest], int]
"""Learn more from a request's calibration; how much is left then. Raises EvoSplitError, OSError."""


class RestorationLearner:
    """Remembers what plans were asked for, and has ``learn`` work on it in ``pool``, the oldest first."""

    def __init__(
        self, pool: Executor, learn: LearnNext, idle_s: float = IDLE_S, pause_s: float = PAUSE_S
    ) -> None:
        self._pool, self._learn = pool, learn
        self._idle_s, self._pause_s = idle_s, pause_s
        self._waiting: dict[tuple[str, str | None], tuple[Model, PlanRequest]] = {}
        self._timer: threading.Timer | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def notice(self, model: Model, request: PlanRequest) -> None:
        """Plans were made for a device; one that restores nothing, or keeps its inputs, needs no more."""
        if not request.restores or request.statistics is not None:
            return
        with self._lock:
            self._waiting[(model.graph.sha256, request.calibration)] = (model, request)
            self._start(self._idle_s)

    def close(self) -> None:
        """Begin nothing more."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _start(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._is_closed:
            return
        self._timer = threading.Timer(wait_s, self._submit)
        self._timer.daemon = True
        self._timer.start()

    def _submit(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._pool.submit(self._work)

    def _work(self) -> None:
        with self._lock:
            key = next(iter(self._waiting), None)
            asked = None if key is None else self._waiting.pop(key)
        if key is None or asked is None:
            return
        try:
            left = self._learn(*asked)
        except (EvoSplitError, OSError) as problem:
            _LOG.warning("%s: no restorations were learned: %s", asked[0].name, problem)
            left = 0
        with self._lock:
            if left:
                self._waiting.setdefault(key, asked)
            if self._waiting:
                self._start(self._pause_s)
