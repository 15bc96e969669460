"""Simulated line: one direction of a link, bytes one after the other with a fixed delay and lost segments."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from evosplit.cli.segment_loss import SegmentLoss, check_loss

_CHUNK_S: Final = 0.004
_CHUNK_BYTES: Final = (256, 16 * 1024)


class Carried(NamedTuple):
    """When the last of some bytes has left, and when it arrives (the event loop's seconds)."""

    departure_s: float
    arrival_s: float


class Line:
    """A bandwidth, a delay and a loss, shared by all who send over it. All may change at any time."""

    def __init__(self, seed: int = 0) -> None:
        self.carried_bytes = 0
        self._free_at_s = 0.0
        self._bandwidth_bps = 1e9
        self._delay_s = 0.0
        self._lost_share = 0.0
        self._loss = SegmentLoss(seed)

    def set(self, bandwidth_bps: float, delay_s: float, lost_share: float = 0.0) -> None:
        """Bits per second, seconds from departure to arrival, share of lost segments. Raises UsageError."""
        self._lost_share = check_loss(lost_share)
        self._bandwidth_bps = bandwidth_bps
        self._delay_s = delay_s

    @property
    def chunk_bytes(self) -> int:
        """A piece small enough that others get their turn, and that a change is felt soon."""
        least, most = _CHUNK_BYTES
        return min(max(int(self._bandwidth_bps / 8 * _CHUNK_S), least), most)

    async def carry(self, size_bytes: int, ready_s: float, is_last: bool = True) -> Carried:
        """Send bytes that are there since ``ready_s``, and wait for the last to leave.

        ``is_last``: no others wait behind them. What is lost and sent again takes the line as well.
        """
        loop = asyncio.get_running_loop()
        again = self._loss.draw(size_bytes, self._lost_share, 2 * self._delay_s, is_last)
        departure_s = max(self._free_at_s, ready_s) + self._sending_s(size_bytes)
        self._free_at_s = departure_s + self._sending_s(again.size_bytes)
        self.carried_bytes += size_bytes + again.size_bytes
        await asyncio.sleep(departure_s - loop.time())
        return Carried(departure_s, departure_s + self._delay_s + again.delay_s)

    def _sending_s(self, size_bytes: int) -> float:
        return 8 * size_bytes / self._bandwidth_bps
