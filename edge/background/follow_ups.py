"""Bounded fire-and-forget tasks: what is done about a frame once its client has the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

FollowUp: TypeAlias = Callable[[], Coroutine[Any, Any, None]]

MOST: Final = 16
"""Each holds a frame's picture and tensors, which may be megabytes."""

_NAME: Final = "follow-up"

_log = logging.getLogger(__name__)


class FollowUps:
    """Runs at most ``most`` at once; what comes beyond that is skipped. All of it belongs to one event loop.

    ``failed`` is called with the name ``follow-up`` for each that raised, ``skipped`` for each that was left
    out.
    """

    def __init__(self, failed: Callable[[str], None], skipped: Callable[[], None], most: int = MOST) -> None:
        self._failed = failed
        self._skipped = skipped
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: FollowUp) -> None:
        """Run it in the background, or skip it."""
        if len(self._tasks) >= self._most:
            self._skipped()
            return
        task = asyncio.create_task(work(), name=_NAME)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def drain(self) -> None:
        """Wait until none is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self) -> None:
        """Cancel those that are under way."""
        for task in self._tasks:
            task.cancel()
        await self.drain()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failed(_NAME)
            _log.error("what follows from a frame failed", exc_info=failure)
