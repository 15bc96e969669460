"""Traffic meter of a metered link: counts what is sent, keeps the count on disk, and says what is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evosplit.shared.errors import CloudUnavailableError
from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.time_budget import TimeBudget
from evosplit.shared.traffic import PROBE_SHARE, Traffic, TrafficLimit, frame_bytes, left_bytes, sent

KEEP_S: Final = 10.0
"""A killed agent forgets at most what it sent in this time."""
_MOST_PROBES_S: Final = 600.0


class TrafficMeter:
    """Without a ``limit`` everything may be sent. All of it belongs to one event loop.

    ``wall_s`` gives Unix time, which may jump, ``ticks`` seconds that do not. ``file`` has the count of an
    earlier run.
    """

    def __init__(
        self,
        limit: TrafficLimit | None = None,
        file: Path | None = None,
        wall_s: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._file = file
        self._wall_s = wall_s
        earlier = None if file is None or limit is None else read_kept(Traffic, file)
        self.traffic = earlier or Traffic(wall_s(), seen_s=wall_s())
        share = 0.0 if limit is None else PROBE_SHARE * limit.mean_bytes_per_s
        self._most_probe_bytes = share * _MOST_PROBES_S
        self._probes = TimeBudget(share, self._most_probe_bytes, ticks) if share else None

    @property
    def is_metered(self) -> bool:
        """Whether there is a budget."""
        return self._limit is not None

    def check(self) -> None:
        """Raise CloudUnavailableError where the period's bytes are used up."""
        if self._limit is not None and not left_bytes(self.traffic, self._limit, self._wall_s()):
            raise CloudUnavailableError("the traffic of this period is used up")

    def sent(self, size_bytes: int, is_frame: bool) -> None:
        """Count one request."""
        if self._limit is not None:
            self.traffic = sent(self.traffic, self._limit, self._wall_s(), size_bytes, is_frame)

    def frame_bytes(self) -> float:
        """What each frame may take so that the budget lasts; infinite without one."""
        if self._limit is None:
            return float("inf")
        return frame_bytes(self.traffic, self._limit, self._wall_s())

    def probe_wait_s(self, size_bytes: int) -> float:
        """Seconds until so many bytes of measuring are within their share of the budget."""
        return 0.0 if self._probes is None else self._probes.wait_s(min(size_bytes, self._most_probe_bytes))

    def probed(self, size_bytes: int) -> None:
        """Count one measurement."""
        self.sent(size_bytes, is_frame=False)
        if self._probes is not None:
            self._probes.spend(size_bytes)

    def state(self) -> dict[str, float | None]:
        """The period's budget and use in bytes, and what a frame may take (None: too few came to say)."""
        most = self.frame_bytes()
        return {
            "limit_bytes": None if self._limit is None else self._limit.limit_bytes,
            "used_bytes": self.traffic.used_bytes,
            "frame_bytes": None if most == float("inf") else most,
        }

    async def run(self) -> None:
        """Keep the count for ever."""
        while True:
            await asyncio.sleep(KEEP_S)
            await asyncio.to_thread(self.keep)

    def keep(self) -> None:
        """Write the count. Raises OSError."""
        if self._file is not None and self._limit is not None:
            write_kept(self._file, self.traffic)
