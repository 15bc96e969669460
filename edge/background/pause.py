"""Pause of background work while frames are under way: processes are stopped, tasks wait for a lull."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Iterator
from typing import Final

POLL_S: Final = 0.005
RESUME_S: Final = 0.02
"""Work goes on after so long without a frame: it is not to be woken between two that follow closely."""


class BackgroundPause:
    """Stops and continues an agent's background processes; all of it belongs to one event loop.

    The lowest priority alone is not enough: on few cores, a trainer that runs beside a frame shares caches
    and memory bandwidth with it, and has to be taken off the processor first.
    """

    def __init__(self, resume_s: float = RESUME_S) -> None:
        self._resume_s = resume_s
        self._processes: set[Process] = set()
        self._frames = 0
        self._resuming: asyncio.TimerHandle | None = None
        self._last_end_s = 0.0

    @property
    def quiet_s(self) -> float:
        """Seconds since the last frame; 0 while one is under way."""
        return 0.0 if self._frames else time.monotonic() - self._last_end_s

    async def lull(self, most_s: float) -> None:
        """Wait until no frame is under way, or so long."""
        deadline_s = time.monotonic() + most_s
        while self._frames and time.monotonic() < deadline_s:
            await asyncio.sleep(POLL_S)

    @contextlib.contextmanager
    def frame(self) -> Iterator[None]:
        """While this is open, a frame is under way."""
        self._frames += 1
        if self._resuming is not None:
            self._resuming.cancel()
            self._resuming = None
        elif self._frames == 1:
            self._send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._frames -= 1
            if not self._frames:
                self._last_end_s = time.monotonic()
                self._resuming = asyncio.get_running_loop().call_later(self._resume_s, self._resume)

    @contextlib.contextmanager
    def holding(self, process: Process) -> Iterator[None]:
        """While this is open, the process is one of those that are stopped."""
        self._processes.add(process)
        if self._frames:
            _signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes.discard(process)

    def _resume(self) -> None:
        self._resuming = None
        self._send(signal.SIGCONT)

    def _send(self, what: signal.Signals) -> None:
        for process in self._processes:
            _signal(process, what)


def _signal(process: Process, what: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # it ends just now
            process.send_signal(what)
