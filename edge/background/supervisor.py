"""Supervision of background tasks: a failure is logged, counted, and followed by a restart with back-off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from evosplit.edge.background.retries import BackOff

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
"""The pause before a restart doubles from the first to the longest ..."""
HEALTHY_S: Final = 300.0
"""... and starts over after a run of this many seconds."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]

_log = logging.getLogger(__name__)


class Supervisor:
    """The background tasks of one agent, by name. All of it belongs to one event loop.

    ``failed`` is called with the name of a task for each exception that ended it.
    """

    def __init__(self, failed: Callable[[str], None], first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._failed = failed
        self._first_pause_s = first_pause_s
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Work) -> None:
        """Run ``work`` until it returns or `stop`; after an exception it is run again. One task per name."""
        if name in self._tasks:
            raise ValueError(f"background task {name} runs already")
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    async def stop(self, name: str) -> None:
        """Cancel a task and wait for its end; nothing where there is none."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def end(self) -> None:
        """Stop all tasks, the one that was started last first."""
        for name in reversed(tuple(self._tasks)):
            await self.stop(name)

    async def _keep(self, name: str, work: Work) -> None:
        back_off, started_s = BackOff((self._first_pause_s, LONGEST_PAUSE_S)), time.monotonic()
        while (failure := await self._outcome(name, work)) is not None:
            if time.monotonic() - started_s > HEALTHY_S:
                back_off.reset()
            pause_s = back_off.next_s()
            self._tell(name, failure, f"it is started again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            started_s = time.monotonic()

    async def _outcome(self, name: str, work: Work) -> BaseException | None:
        """What ended one run. A task of its own, so that no exception of any kind passes by unseen."""
        task = asyncio.create_task(work(), name=f"{name}-run")
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled() and (failure := task.exception()) is not None:
                self._tell(name, failure, "it was being stopped")
            raise
        return asyncio.CancelledError("it cancelled itself") if task.cancelled() else task.exception()

    def _tell(self, name: str, failure: BaseException, then: str) -> None:
        self._failed(name)
        _log.error("background task %s failed; %s", name, then, exc_info=failure)
