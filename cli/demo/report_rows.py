"""Report of the demo: one row per link and strategy, and planned beside best."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evosplit.cli.demo.board import Board
from evosplit.cli.demo.strategies import PLANNED, DemoStrategy, TimedAnswer, is_split


@dataclass(frozen=True)
class Row:
    """Many frames of one strategy over one link. ``accuracy`` is a share, ``wire_bytes`` a mean per frame.

    Only frames that went this way count; ``fell_back`` others were answered otherwise because it failed.
    Without any that did, all measures are None.
    """

    link: str
    bandwidth_bps: float
    strategy: str
    cut: str | None
    p50_s: float | None
    p95_s: float | None
    wire_bytes: float | None
    accuracy: float | None
    frames: int
    fell_back: int
    settling_frames: int


def make_row(
    link: str, bandwidth_bps: float, strategy: DemoStrategy, answers: Sequence[TimedAnswer], settling: int = 0
) -> Row:
    """Summarise; the cut is the one that most frames used."""
    taken = [answer for answer in answers if strategy.took(answer)]
    seconds = [answer.latency_s for answer in taken]
    return Row(
        link=link,
        bandwidth_bps=bandwidth_bps,
        strategy=strategy.name,
        cut=statistics.mode(answer.cut for answer in taken) if taken else None,
        p50_s=percentile(seconds, 50) if taken else None,
        p95_s=percentile(seconds, 95) if taken else None,
        wire_bytes=statistics.fmean(answer.wire_bytes for answer in taken) if taken else None,
        accuracy=statistics.fmean(answer.correct for answer in taken) if taken else None,
        frames=len(taken),
        fell_back=sum(answer.answered_by == "edge-fallback" for answer in answers),
        settling_frames=settling,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile of values, linear between neighbours."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


@dataclass(frozen=True)
class Comparison:
    """The planned way beside the fastest that is held to, on one link: medians (s) and their ratio.

    ``split_to_others``: the best split's median over that of the best way that is none; None without either.
    """

    link: str
    bandwidth_bps: float
    planned_s: float
    best: str
    best_s: float
    planned_to_best: float
    split_to_others: float | None


def comparisons(rows: Sequence[Row]) -> tuple[Comparison, ...]:
    """One for each link on which anything was measured, in the order of the rows."""
    links = (rows_of(rows, link) for link in dict.fromkeys(row.link for row in rows))
    return tuple(compared for here in links if (compared := _compared(here)) is not None)


def rows_of(rows: Sequence[Row], link: str) -> list[Row]:
    """The rows of one link."""
    return [row for row in rows if row.link == link]


def fastest(rows: Sequence[Row]) -> Row | None:
    """The row of the least median; None where none was measured."""
    return min((row for row in rows if row.p50_s is not None), key=lambda row: row.p50_s or 0.0, default=None)


def _compared(here: Sequence[Row]) -> Comparison | None:
    planned = fastest([row for row in here if row.strategy == PLANNED])
    held = [row for row in here if row.strategy != PLANNED]
    best = fastest(held)
    if planned is None or best is None or not planned.p50_s or not best.p50_s:
        return None
    ratio = planned.p50_s / best.p50_s
    measures = (planned.p50_s, best.strategy, best.p50_s, ratio)
    return Comparison(planned.link, planned.bandwidth_bps, *measures, _split_to_others(held))


def _split_to_others(held: Sequence[Row]) -> float | None:
    split = fastest([row for row in held if is_split(row.strategy)])
    other = fastest([row for row in held if not is_split(row.strategy)])
    if split is None or other is None or not split.p50_s or not other.p50_s:
        return None
    return split.p50_s / other.p50_s


def report(rows: Sequence[Row], machine: dict[str, Any], device: Board) -> dict[str, Any]:
    """The content of `demo-report.json`."""
    return {
        "machine": machine,
        "slowdown": device.slowdown,
        "integer_slowdown": device.integer_slowdown,
        "links": [asdict(row) for row in rows],
        "planned_beside_best": [asdict(comparison) for comparison in comparisons(rows)],
    }
