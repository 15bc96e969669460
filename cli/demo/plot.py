"""Plot of latency over bandwidth, one line per strategy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from evosplit.cli.demo.report_rows import Row
from evosplit.cli.demo.strategies import PLANNED


def save_plot(rows: Sequence[Row], title: str, path: Path) -> None:
    """Write a picture: medians as lines, 95th percentiles as whiskers, both axes logarithmic."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot(
        xscale="log", yscale="log", xlabel="uplink in Mbit/s", ylabel="latency of a frame in ms", title=title
    )
    for strategy in dict.fromkeys(row.strategy for row in rows):
        points = sorted(_points(rows, strategy))
        if not points:
            continue
        bandwidths, medians_ms, above_ms = zip(*points, strict=True)
        axes.errorbar(
            bandwidths,
            medians_ms,
            yerr=[[0.0] * len(points), above_ms],
            label=strategy,
            marker="o",
            capsize=3,
            linewidth=2.5 if strategy == PLANNED else 1.2,
        )
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    figure.savefig(path, dpi=110)


def _points(rows: Sequence[Row], strategy: str) -> list[tuple[float, float, float]]:
    """Mbit/s, median, and how far the 95th percentile is above it (ms), where the strategy was measured."""
    return [
        (row.bandwidth_bps / 1e6, row.p50_s * 1e3, (row.p95_s - row.p50_s) * 1e3)
        for row in rows
        if row.strategy == strategy and row.p50_s is not None and row.p95_s is not None
    ]
