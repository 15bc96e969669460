"""Measured mobile uplinks as pieces that a shaped link plays."""

from __future__ import annotations

import asyncio
import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link

PIECES: Final = 3
LEAST_BPS: Final = 10e3
"""A trace may say 0: then next to nothing passes."""


@dataclass(frozen=True)
class Trace:
    """Pieces of one trace, one behind the other; ``starts_s`` (n,) ascend from 0, ``bandwidths_bps`` (n,)."""

    name: str
    starts_s: tuple[float, ...]
    bandwidths_bps: tuple[float, ...]
    seconds: float

    @property
    def mean_bps(self) -> float:
        """The mean over time."""
        ends_s = (*self.starts_s[1:], self.seconds)
        spans = zip(self.starts_s, ends_s, self.bandwidths_bps, strict=True)
        return sum((end - start) * bps for start, end, bps in spans) / self.seconds


def read_trace(path: Path, piece_s: float) -> Trace:
    """Pieces of so many seconds from a quarter, a half and three quarters of the file."""
    with path.open(newline="", encoding="utf-8") as stream:
        samples = [
            (float(row["time_s"]), float(row["bandwidth_mbps"]) * 1e6) for row in csv.DictReader(stream)
        ]
    starts_s, bandwidths_bps = [], []
    for number in range(PIECES):
        first_s = samples[len(samples) * (number + 1) // (PIECES + 1)][0]
        for time_s, bandwidth_bps in samples:
            if first_s <= time_s < first_s + piece_s:
                starts_s.append(number * piece_s + time_s - first_s)
                bandwidths_bps.append(max(bandwidth_bps, LEAST_BPS))
    return Trace(path.stem, tuple(starts_s), tuple(bandwidths_bps), PIECES * piece_s)


async def follow(shaper: Shaper, trace: Trace, rtt_s: float) -> None:
    """Set the link as the trace goes, from now to its end."""
    began_s = time.perf_counter()
    for start_s, bandwidth_bps in zip(trace.starts_s, trace.bandwidths_bps, strict=True):
        await asyncio.sleep(max(0.0, began_s + start_s - time.perf_counter()))
        shaper.set_link(Link(bandwidth_bps, rtt_s))
