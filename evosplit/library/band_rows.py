"""Rows of a band chart, and the fastest strategy over each stretch of bandwidth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

PLANNED: Final = "planned"
SPLIT: Final = "split"
"""The kind of every true split; one that is held to is named with its cut behind a colon."""

Seconds: TypeAlias = Mapping[str, float]
"""Strategy -> measured latency over one bandwidth, for those that were answered."""


@dataclass(frozen=True)
class BandRow:
    """One strategy over one bandwidth.

    ``latency_s`` (median), ``wire_bytes`` (mean) and ``frames`` are of frames that went this way alone;
    ``missed`` counts those that did not. ``cut`` is the cut's key, ``wire`` how tensors or pictures went.
    """

    bandwidth_bps: float
    strategy: str
    cut: str
    wire: str
    latency_s: float | None
    wire_bytes: float | None
    frames: int
    missed: int


@dataclass(frozen=True)
class Band:
    """Bandwidths over which strategies of one kind are the fastest of the single ones."""

    low_bps: float
    high_bps: float
    kind: str


def kind_of(strategy: str) -> str:
    """The strategy without its cut: all true splits are of one kind."""
    return strategy.partition(":")[0]


def seconds_by_bandwidth(rows: Sequence[BandRow]) -> dict[float, Seconds]:
    """What was measured, by ascending bandwidth."""
    bandwidths = sorted({row.bandwidth_bps for row in rows})
    return {
        bandwidth_bps: {
            row.strategy: row.latency_s
            for row in rows
            if row.bandwidth_bps == bandwidth_bps and row.latency_s is not None
        }
        for bandwidth_bps in bandwidths
    }


def fastest_single(seconds: Seconds) -> str | None:
    """The fastest strategy but the planned one; None where no other was answered."""
    single = {name: latency_s for name, latency_s in seconds.items() if name != PLANNED}
    return min(single, key=lambda name: single[name], default=None)


def best_split(rows: Sequence[BandRow]) -> str | None:
    """The fixed split of the least geometric mean over all bandwidths, as long as it was answered on all."""
    table = seconds_by_bandwidth(rows)
    names = sorted({row.strategy for row in rows if kind_of(row.strategy) == SPLIT})

    def mean(name: str) -> float:
        return sum(math.log(seconds.get(name, math.inf)) for seconds in table.values())

    return min(names, key=mean, default=None)


def bands(rows: Sequence[BandRow]) -> tuple[Band, ...]:
    """Who wins where, from the lowest to the highest bandwidth measured, with borders where lines cross."""
    table = seconds_by_bandwidth(rows)
    winners = [(bps, name) for bps, seconds in table.items() if (name := fastest_single(seconds)) is not None]
    if not winners:
        return ()
    starts = [(winners[0][0], kind_of(winners[0][1]))]
    for (low_bps, old), (high_bps, new) in itertools.pairwise(winners):
        if kind_of(old) != kind_of(new):
            starts.append((_crossing_bps(table, low_bps, high_bps, old, new), kind_of(new)))
    ends = [*(start_bps for start_bps, _ in starts[1:]), winners[-1][0]]
    return tuple(Band(low, high, kind) for (low, kind), high in zip(starts, ends, strict=True))


def _crossing_bps(
    table: Mapping[float, Seconds], low_bps: float, high_bps: float, old: str, new: str
) -> float:
    """Where two strategies cross on logarithmic axes; the middle where one of them was not answered."""
    ends, share = (table[low_bps], table[high_bps]), 0.5
    if all({old, new} <= seconds.keys() for seconds in ends):
        before, after = (math.log(seconds[old] / seconds[new]) for seconds in ends)
        share = before / (before - after) if before != after else 0.5
    return float(low_bps * (high_bps / low_bps) ** share)
