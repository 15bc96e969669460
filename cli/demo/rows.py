"""What the demo measured: one row per link and strategy."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Strategy = Literal["planned", "edge", "cloud-raw", "cloud-jpeg"]
STRATEGIES: Final[tuple[Strategy, ...]] = ("planned", "edge", "cloud-raw", "cloud-jpeg")


@dataclass(frozen=True)
class Shot:
    """One frame, sent and answered: seconds as the client saw them, and whether the answer was right."""

    latency_s: float
    wire_bytes: int
    correct: bool
    cut: str
    answered_by: str


@dataclass(frozen=True)
class Row:
    """Many frames of one strategy over one link. ``accuracy`` is a share, ``wire_bytes`` a mean per frame."""

    bandwidth_bps: float
    strategy: Strategy
    cut: str
    p50_s: float
    p95_s: float
    wire_bytes: float
    accuracy: float
    frames: int
    settling_frames: int


def make_row(bandwidth_bps: float, strategy: Strategy, shots: Sequence[Shot], settling_frames: int) -> Row:
    """Summarise; the cut is the one that most frames used."""
    return Row(
        bandwidth_bps=bandwidth_bps,
        strategy=strategy,
        cut=statistics.mode(shot.cut for shot in shots),
        p50_s=percentile([shot.latency_s for shot in shots], 50),
        p95_s=percentile([shot.latency_s for shot in shots], 95),
        wire_bytes=statistics.fmean(shot.wire_bytes for shot in shots),
        accuracy=statistics.fmean(shot.correct for shot in shots),
        frames=len(shots),
        settling_frames=settling_frames,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear interpolation between the closest ranks, as NumPy's default."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def report(rows: Sequence[Row], machine: dict[str, Any], slowdown: float) -> dict[str, Any]:
    """The content of `demo-report.json`."""
    return {"machine": machine, "slowdown": slowdown, "links": [asdict(row) for row in rows]}
