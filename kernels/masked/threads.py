"""Thread pool for kernels, with little to pay per call.

A kernel may take less than a tenth of a millisecond, and waking a thread takes as long, as does waiting for
the interpreter lock. So caller and helpers each enter compiled code once per job, and take shares there until
none is left; helpers stay in it for a moment, to be at hand for the next layer, and then sleep. A helper that
gets its processor late finds no share left, and nobody waits for it. Calls from several threads at once get
different helpers.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

import numpy as np

from evosplit.kernels.masked.array_checks import Numbers
from evosplit.kernels.masked.spin_wait import ALONE, BELL, CALLER, HELPER, PARTS

Work = Callable[[Numbers, Numbers, int], object]
"""Takes a job's counters, the bell and the role; see ``spin``."""
NO_JOB: Final = np.array((0, 0, 1))
"""Counters for work that one thread does alone."""


class _Job:
    """Compiled work and its counters; helpers that have left it say so."""

    def __init__(self, work: Work, parts: int) -> None:
        self.counters = np.array((0, 0, parts), np.int64)
        self._work = work
        self._left: SimpleQueue[BaseException | None] = SimpleQueue()

    def help(self) -> None:
        try:
            self._work(self.counters, BELL, HELPER)
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            self._left.put(error)
        else:
            self._left.put(None)

    def call(self) -> None:
        """Work until all shares are done; raises what a helper raised."""
        self._work(self.counters, BELL, CALLER)
        while self.counters[1] < self.counters[PARTS]:
            BELL[0] += 1  # helpers that are done should leave and say so
            error = self._left.get()
            if error is not None:
                raise error


class _Helper:
    """A daemon thread that helps with one job after the other."""

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
            # Idle already: the next job may be given while this one lingers in compiled code.
            _idle.append(self)
            if job is not None:
                job.help()


_idle: Final[deque[_Helper]] = deque()


def _helper() -> _Helper:
    try:
        return _idle.popleft()
    except IndexError:
        return _Helper()


if hasattr(os, "register_at_fork"):
    # A child process has none of its parent's threads.
    os.register_at_fork(after_in_child=_idle.clear)


def run_shared(work: Work, parts: int, threads: int) -> None:
    """Run ``work`` in ``parts`` shares on up to ``threads`` threads, this one included."""
    if parts < 2 or threads < 2:
        work(NO_JOB, BELL, ALONE)
        return
    job = _Job(work, parts)
    for _ in range(min(threads, parts) - 1):
        _helper().start(job)
    job.call()
