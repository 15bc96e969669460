"""Simulated line: one direction of a link, bytes one after the other with a fixed delay."""

from __future__ import annotations

import asyncio
from typing import Final

_CHUNK_S: Final = 0.004
_CHUNK_BYTES: Final = (256, 16 * 1024)


class Line:
    """A bandwidth and a delay, shared by all who send over it. Both may change at any time."""

    def __init__(self) -> None:
        self.carried_bytes = 0
        self._free_at_s = 0.0
        self._bandwidth_bps = 1e9
        self.delay_s = 0.0

    def set(self, bandwidth_bps: float, delay_s: float) -> None:
        """Bits per second, and seconds from departure to arrival."""
        self._bandwidth_bps = bandwidth_bps
        self.delay_s = delay_s

    @property
    def chunk_bytes(self) -> int:
        """A piece small enough that others get their turn, and that a change is felt soon."""
        least, most = _CHUNK_BYTES
        return min(max(int(self._bandwidth_bps / 8 * _CHUNK_S), least), most)

    async def carry(self, size_bytes: int, ready_s: float) -> float:
        """Send bytes that are there since ``ready_s``; wait for the last to leave, and return when that was.

        Times are the event loop's. The bytes arrive ``delay_s`` later.
        """
        loop = asyncio.get_running_loop()
        self._free_at_s = departure_s = max(self._free_at_s, ready_s) + 8 * size_bytes / self._bandwidth_bps
        self.carried_bytes += size_bytes
        await asyncio.sleep(departure_s - loop.time())
        return departure_s
