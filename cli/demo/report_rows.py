"""Report of the demo: one row per link and strategy, and planned beside best."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

PLANNED: Final = "planned"
STRATEGIES: Final = (PLANNED, "edge", "cloud-raw", "cloud-jpeg")
"""Those of every network; each cut of its plan table, held to, is one more."""


@dataclass(frozen=True)
class TimedAnswer:
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
    strategy: str
    cut: str
    p50_s: float
    p95_s: float
    wire_bytes: float
    accuracy: float
    frames: int
    settling_frames: int


def make_row(
    bandwidth_bps: float, strategy: str, answers: Sequence[TimedAnswer], settling_frames: int
) -> Row:
    """Summarise; the cut is the one that most frames used."""
    return Row(
        bandwidth_bps=bandwidth_bps,
        strategy=strategy,
        cut=statistics.mode(answer.cut for answer in answers),
        p50_s=percentile([answer.latency_s for answer in answers], 50),
        p95_s=percentile([answer.latency_s for answer in answers], 95),
        wire_bytes=statistics.fmean(answer.wire_bytes for answer in answers),
        accuracy=statistics.fmean(answer.correct for answer in answers),
        frames=len(answers),
        settling_frames=settling_frames,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear interpolation between the closest ranks, as NumPy's default."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


@dataclass(frozen=True)
class Comparison:
    """The planned way beside the fastest that is held to, on one link: medians (s) and their ratio."""

    bandwidth_bps: float
    planned_s: float
    best: str
    best_s: float
    planned_to_best: float


def comparisons(rows: Sequence[Row]) -> tuple[Comparison, ...]:
    """One for each link, in the order of the rows."""
    return tuple(
        _compared(rows, bandwidth_bps) for bandwidth_bps in dict.fromkeys(r.bandwidth_bps for r in rows)
    )


def _compared(rows: Sequence[Row], bandwidth_bps: float) -> Comparison:
    here = [row for row in rows if row.bandwidth_bps == bandwidth_bps]
    planned = next(row for row in here if row.strategy == PLANNED)
    best = min((row for row in here if row.strategy != PLANNED), key=lambda row: row.p50_s)
    return Comparison(bandwidth_bps, planned.p50_s, best.strategy, best.p50_s, planned.p50_s / best.p50_s)


def report(rows: Sequence[Row], machine: dict[str, Any], slowdown: float) -> dict[str, Any]:
    """The content of `demo-report.json`."""
    return {
        "machine": machine,
        "slowdown": slowdown,
        "links": [asdict(row) for row in rows],
        "planned_beside_best": [asdict(comparison) for comparison in comparisons(rows)],
    }
