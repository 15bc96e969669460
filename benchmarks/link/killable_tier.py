"""Tier of the system as real processes that are killed (SIGKILL) and started again at the same address."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import psutil

from evosplit.cli.demo.processes import Service, service
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.free_ports import free_port

_TRIES: Final = 20
_PAUSE_S: Final = 0.5


class KillableTier:
    """``evosplit NAME`` with these arguments. Use `killable_tier`."""

    def __init__(self, name: str, arguments: Sequence[str], token: str, log: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._command = (name, tuple(arguments))
        self._token = token
        self._log = log
        self._running = contextlib.AsyncExitStack()
        self._service: Service | None = None
        self.start_s = 0.0
        """How long the last start took."""

    @property
    def process_id(self) -> int:
        """Of the process that was started last."""
        assert self._service is not None
        return self._service.process.pid

    async def start(self) -> float:
        """Start it and wait until it is ready; how long that took."""
        started_s = time.perf_counter()
        for turn in range(_TRIES):
            try:
                self._service = await self._running.enter_async_context(self._started())
                break
            except EvoSplitError as refused:  # what was killed is still being cleared away
                if "in use" not in str(refused) or turn == _TRIES - 1:
                    raise
                await asyncio.sleep(_PAUSE_S)
        self.start_s = time.perf_counter() - started_s
        return self.start_s

    async def kill(self) -> None:
        """End all of its processes without a word to any of them."""
        group = os.getpgid(self.process_id)
        os.killpg(group, signal.SIGKILL)
        await self._running.aclose()

    async def close(self) -> None:
        """Stop it in order."""
        await self._running.aclose()

    def memory_bytes(self) -> int:
        """What its processes hold for themselves (unique set size)."""
        first = psutil.Process(self.process_id)
        total = 0
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                total += int(process.memory_full_info().uss)
        return total

    def _started(self) -> contextlib.AbstractAsyncContextManager[Service]:
        name, arguments = self._command
        return service(name, arguments, int(self.url.rpartition(":")[2]), self._token, self._log)


@contextlib.asynccontextmanager
async def killable_tier(
    name: str, arguments: Sequence[str], token: str, log: Path
) -> AsyncIterator[KillableTier]:
    """A started tier; stopped at the end, whatever happens."""
    tier = KillableTier(name, arguments, token, log)
    try:
        await tier.start()
        yield tier
    finally:
        await tier.close()
