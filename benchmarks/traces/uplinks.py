"""Measured mobile uplinks as pieces that a shaped link plays."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link

PIECES: Final = 3
LEAST_BPS: Final = 10e3
"""A trace may say 0: then next to nothing passes."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a trace; ``starts_s`` (n,) ascend from 0, ``bandwidths_bps`` (n,)."""

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


def read_pieces(path: Path, seconds: float) -> tuple[Piece, ...]:
    """Pieces of so many seconds from a quarter, a half and three quarters of the file."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    samples = [(float(row["time_s"]), float(row["bandwidth_mbps"]) * 1e6) for row in rows]
    places = (len(samples) * (number + 1) // (PIECES + 1) for number in range(PIECES))
    return tuple(_piece(path.stem, samples, samples[place][0], seconds) for place in places)


def _piece(name: str, samples: Sequence[tuple[float, float]], first_s: float, seconds: float) -> Piece:
    within = [(time_s - first_s, bps) for time_s, bps in samples if first_s <= time_s < first_s + seconds]
    starts_s, bandwidths_bps = zip(*within, strict=True)
    return Piece(name, starts_s, tuple(max(bps, LEAST_BPS) for bps in bandwidths_bps), seconds)


async def follow(shaper: Shaper, piece: Piece, rtt_s: float) -> None:
    """Set the link as the piece goes, from now to its end."""
    began_s = time.perf_counter()
    for start_s, bandwidth_bps in zip(piece.starts_s, piece.bandwidths_bps, strict=True):
        await asyncio.sleep(max(0.0, began_s + start_s - time.perf_counter()))
        shaper.set_link(Link(bandwidth_bps, rtt_s))
