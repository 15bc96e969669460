"""Commit signal: lets coroutines wait for the next transaction of a writer thread."""

from __future__ import annotations

import asyncio
import threading


class CommitSignal:
    """Counts commits; who has seen ``count`` waits for a later one. Safe between threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def count(self) -> int:
        """Commits so far. Read it before the rows: a commit in between is then not slept through."""
        return self._count

    def commit(self) -> None:
        """Say that rows are there, from any thread."""
        with self._lock:
            self._count += 1
            waiting, self._waiting = self._waiting, []
        for loop, waiter in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, waiter)

    async def after(self, count: int, timeout_s: float) -> None:
        """Return once there were more than ``count`` commits, or after ``timeout_s``."""
        loop = asyncio.get_running_loop()
        entry = (loop, loop.create_future())
        with self._lock:
            if self._count > count:
                return
            self._waiting.append(entry)
        # Not `wait_for`: before Python 3.12 that loses a cancellation that comes together with the commit.
        await asyncio.wait([entry[1]], timeout=timeout_s)
        with self._lock:
            self._waiting = [other for other in self._waiting if other is not entry]


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
