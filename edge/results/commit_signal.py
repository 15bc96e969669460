"""Commit signal: lets coroutines wait for the next transaction of a writer thread."""

from __future__ import annotations

import asyncio
import threading


class CommitSignal:
    """Counts commits; who has seen ``count`` waits for a later one. Safe between threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def count(self) -> int:
        """Commits so far. Read it before the rows: a commit in between is then not slept through."""
        return self._count

    def commit(self) -> None:
        """Say that rows are there, from any thread."""
        with self._lock:
            self._count += 1
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def after(self, count: int, timeout_s: float) -> None:
        """Return once there were more than ``count`` commits, or after ``timeout_s``."""
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        with self._lock:
            if self._count > count:
                return
            self._waiting.append(entry)
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except asyncio.TimeoutError:
            with self._lock:
                self._waiting = [other for other in self._waiting if other is not entry]
