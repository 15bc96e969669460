"""Share a kernel's work between a few threads, with little to pay per call.

A kernel may take less than a tenth of a millisecond, so workers wait on bare locks (no futures, no queues), do not
spin, and are kept for the next call. The calling thread takes the first share itself. Kernels release the
interpreter lock; calls from several threads at once get different workers.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

Work = Callable[[], object]


class _Worker:
    """A daemon thread that runs one piece of work at a time."""

    def __init__(self) -> None:
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._work: Work | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._serve, name="evosplit-kernel", daemon=True).start()

    def start(self, work: Work) -> None:
        self._work = work
        self._go.release()

    def join(self) -> BaseException | None:
        self._done.acquire()
        error, self._error = self._error, None
        return error

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            work, self._work = self._work, None
            try:
                if work is not None:
                    work()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                self._error = error
            self._done.release()


_idle: Final[deque[_Worker]] = deque()


def _worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


if hasattr(os, "register_at_fork"):
    # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_idle.clear)


def run_all(works: Sequence[Work]) -> None:
    """Run all at once and return when all are done; raises the first error of any."""
    workers = [_worker() for _ in works[1:]]
    for worker, work in zip(workers, works[1:], strict=True):
        worker.start(work)
    try:
        if works:
            works[0]()
    finally:
        errors = [worker.join() for worker in workers]
        _idle.extend(workers)
    for error in errors:
        if error is not None:
            raise error


def shares(count: int, parts: int, multiple: int = 1) -> list[tuple[int, int]]:
    """Cut ``range(count)`` into at most ``parts`` ranges (start, stop), starts at multiples of ``multiple``."""
    units = -(-count // multiple)
    parts = max(1, min(parts, units))
    edges = [min(count, units * part // parts * multiple) for part in range(parts + 1)]
    return [(start, stop) for start, stop in zip(edges, edges[1:], strict=False) if start < stop]
