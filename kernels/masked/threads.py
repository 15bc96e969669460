"""Share a kernel's work between a few threads, with little to pay per call.

A kernel may take less than a tenth of a millisecond, and waking a thread takes as long. So workers look out
for the next layer for a tenth of a millisecond before they sleep (no futures, no queues). They begin when the
caller's own kernel rings, for only then is the interpreter lock free: waiting for that lock is sleeping, too.
The calling thread takes shares itself, one after the other; a worker that gets its processor late finds none
left, and nobody waits for it. Calls from several threads at once get different workers.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from kernels.masked.spin import BELL, TURNS, wait_for_change

Work = Callable[[], object]


class _Job:
    """Shares not yet begun, and how many have ended."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._left = deque(works)
        self._running = len(works)
        self._count, self._ended = threading.Lock(), threading.Lock()
        self._ended.acquire()
        self._sign = np.zeros(1, np.int64)
        self._error: BaseException | None = None

    def help(self) -> None:
        """Take shares until none is left."""
        while True:
            try:
                work = self._left.popleft()
            except IndexError:
                return
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                self._error = error
            with self._count:
                self._running -= 1
                if not self._running:
                    self._sign[0] = 1
                    self._ended.release()

    def wait(self) -> None:
        """Until all shares have ended; raises the last error of any."""
        if not self._sign[0]:
            wait_for_change(self._sign, 0, TURNS)
        self._ended.acquire()
        if self._error is not None:
            raise self._error


class _Worker:
    """A daemon thread that helps with one job at a time, then waits among the idle."""

    def __init__(self) -> None:
        self._go = threading.Lock()
        self._go.acquire()
        self._job: _Job | None = None
        threading.Thread(target=self._serve, name="evosplit-kernel", daemon=True).start()

    def start(self, job: _Job) -> None:
        self._job = job
        self._go.release()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            job, self._job = self._job, None
            if job is not None:
                job.help()
            rung = int(BELL[0])
            _idle.append(self)
            self._look_out(rung)

    def _look_out(self, rung: int) -> None:
        """Return when there is work, or after a while; other layers' kernels ring the same bell."""
        turns = TURNS
        while turns > 0 and self._job is None:
            turns = wait_for_change(BELL, rung, turns)
            rung = int(BELL[0])


_idle: Final[deque[_Worker]] = deque()


def _worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


if hasattr(os, "register_at_fork"):
    # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_idle.clear)


def run_all(works: Sequence[Work], threads: int) -> None:
    """Run all on up to ``threads`` threads, this one included; raises the error of one that failed."""
    job = _Job(works)
    for _ in range(min(threads, len(works)) - 1):
        _worker().start(job)
    if works:
        job.help()
        job.wait()


def shares(count: int, parts: int, multiple: int = 1) -> list[tuple[int, int]]:
    """Cut ``range(count)`` into at most ``parts`` ranges (start, stop) on multiples of ``multiple``."""
    units = -(-count // multiple)
    parts = max(1, min(parts, units))
    edges = [min(count, units * part // parts * multiple) for part in range(parts + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if start < stop]
