"""Compute thread, with the emulation of a slower machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What a step gave, how long it waited for its turn, and how long it took."""

    value: T
    queue_s: float
    seconds: float


class _Lap(Generic[T]):
    """Runs a step and then waits ``slower`` times its seconds, whether it returns or raises.

    The wait is the thread's: an event loop's timers are a millisecond late, eight of which are a layer.
    """

    def __init__(self, step: Callable[[], T], slower: float) -> None:
        self._step = step
        self._slower = slower

    def __call__(self) -> T:
        started_s = time.perf_counter()
        try:
            return self._step()
        finally:
            if self._slower > 0.0:
                time.sleep(self._slower * (time.perf_counter() - started_s))


class Compute:
    """Runs one step at a time, outside the event loop.

    With ``slowdown`` f, a step of t seconds is followed by a wait of (f - 1) t in which no other step runs:
    to its clients the machine is f times slower, while its processor is free for the cloud that shares it.
    t is taken inside the thread: handing a step over and back is no work of the network's, and on one machine
    it is mostly the other tier's doing.
    """

    def __init__(self, slowdown: float = 1.0) -> None:
        self._slowdown = slowdown
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compute")

    async def run(self, step: Callable[[], T]) -> Timed[T]:
        """Wait for a turn, run, play the slower machine. What the step raises comes out, after the wait."""
        asked_s = time.perf_counter()
        async with self._turn:
            started_s = time.perf_counter()
            lap = _Lap(step, self._slowdown - 1.0)
            value = await asyncio.get_running_loop().run_in_executor(self._thread, lap)
            return Timed(value, started_s - asked_s, time.perf_counter() - started_s)

    def close(self) -> None:
        """End the thread after the step that is running."""
        self._thread.shutdown(wait=True)
