"""Memory watch: looks at the process's resident memory, and trims it between frames once it has grown."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Final

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.memory.trim import resident_bytes, return_freed
from evosplit.edge.memory.trim_rule import Reading, is_due

EVERY_S: Final = 5.0
LULL_S: Final = 1.0
"""So long a look waits for a moment without a frame."""


class MemoryWatch:
    """Calls ``trim`` in a thread when it is due. ``clock`` gives seconds that never go back."""

    def __init__(
        self,
        pause: BackgroundPause,
        resident: Callable[[], int] = resident_bytes,
        trim: Callable[[], None] = return_freed,
        clock: Callable[[], float] = time.monotonic,
        every_s: float = EVERY_S,
    ) -> None:
        self._pause = pause
        self._resident = resident
        self._trim = trim
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Look for ever."""
        trimmed = self._reading()
        while True:
            await asyncio.sleep(self._every_s)
            if await self._is_due(trimmed):
                await asyncio.to_thread(self._trim)
                trimmed = self._reading()

    async def _is_due(self, trimmed: Reading) -> bool:
        """Between two frames, where there is such a moment soon."""
        if not is_due(dataclasses.replace(self._reading(), is_lull=True), trimmed):
            return False
        await self._pause.lull(LULL_S)
        return is_due(self._reading(), trimmed)

    def _reading(self) -> Reading:
        return Reading(self._clock(), self._resident(), is_lull=self._pause.quiet_s > 0)
