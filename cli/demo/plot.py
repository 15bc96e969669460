"""Plot of latency over bandwidth, one line per strategy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from evosplit.cli.demo.report_rows import PLANNED, Row


def save_plot(rows: Sequence[Row], title: str, path: Path) -> None:
    """Write a picture: medians as lines, 95th percentiles as whiskers, both axes logarithmic."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot(
        xscale="log", yscale="log", xlabel="uplink in Mbit/s", ylabel="latency of a frame in ms", title=title
    )
    for strategy in dict.fromkeys(row.strategy for row in rows):
        chosen = sorted((row for row in rows if row.strategy == strategy), key=lambda row: row.bandwidth_bps)
        medians_ms = [row.p50_s * 1e3 for row in chosen]
        above_ms = [(row.p95_s - row.p50_s) * 1e3 for row in chosen]
        axes.errorbar(
            [row.bandwidth_bps / 1e6 for row in chosen],
            medians_ms,
            yerr=[[0.0] * len(chosen), above_ms],
            label=strategy,
            marker="o",
            capsize=3,
            linewidth=2.5 if strategy == PLANNED else 1.2,
        )
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    figure.savefig(path, dpi=110)
