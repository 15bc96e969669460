"""Worker threads of an event loop: work in the order in which it was asked for, outcomes back in one call.

As `asyncio.loop.run_in_executor`, without the futures and locks of `concurrent.futures` beside the loop's
own: a hand-over and back takes 0.09 ms of processor time after a rest, not 0.23 (docs/fixed-costs.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class WorkerThreads:
    """``count`` threads. Each piece of work is awaited in the event loop that asked for it.

    Work asked for ``ahead`` is begun before all other. Work that is given up (cancelled) before its turn is
    never begun. What goes wrong in a thread that nobody waits for any more is one entry in the log.
    """

    def __init__(self, count: int, name: str) -> None:
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """One True for each turn that waits; False ends a thread."""
        self._ahead: deque[_Turn[Any]] = deque()
        self._turns: deque[_Turn[Any]] = deque()
        self._choosing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._take_turns, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], T], ahead: bool = False) -> asyncio.Future[T]:
        """What the work gives or raises, in the running event loop."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        (self._ahead if ahead else self._turns).append(_Turn(loop, outcome, work))
        self._asked.put(True)
        return outcome

    @property
    def waiting(self) -> int:
        """How many pieces of work no thread has begun."""
        return self._asked.qsize()

    def close(self) -> None:
        """Give up what is not begun yet, and wait for what is."""
        with contextlib.suppress(queue.Empty):
            while self._asked.get_nowait():
                turn = self._next()
                turn.tell(turn.outcome.cancel)
        for _ in self._threads:
            self._asked.put(False)
        for thread in self._threads:
            thread.join()

    def _take_turns(self) -> None:
        while self._asked.get():
            turn = self._next()
            turn.take()
            del turn  # it holds a frame's picture and tensors

    def _next(self) -> _Turn[Any]:
        """There is one: as many wait as were asked for, and nobody else takes one meanwhile."""
        with self._choosing:
            return (self._ahead or self._turns).popleft()


@dataclass(frozen=True, eq=False)
class _Turn(Generic[T]):
    """A piece of work, and where its outcome goes."""

    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[T]
    work: Callable[[], T]

    def take(self) -> None:
        if self.outcome.cancelled():
            return
        try:
            value = self.work()
        except BaseException as problem:  # noqa: BLE001 - raised where the work is awaited
            self.tell(_fail, self.outcome, problem)
        else:
            self.tell(_succeed, self.outcome, value)

    def tell(self, say: Callable[..., object], *about: object) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop has ended meanwhile
            self.loop.call_soon_threadsafe(say, *about)


def _succeed(outcome: asyncio.Future[T], value: T) -> None:
    if not outcome.cancelled():
        outcome.set_result(value)


def _fail(outcome: asyncio.Future[T], problem: BaseException) -> None:
    if outcome.cancelled():
        _log.error("work that was given up failed", exc_info=problem)
    else:
        outcome.set_exception(problem)
