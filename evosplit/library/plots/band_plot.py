"""Line plot of measured strategies over bandwidth, the winner's band shaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evosplit.library.band_rows import PLANNED, SPLIT, BandRow, bands, best_split, kind_of
from evosplit.library.plots.figure import axes_or_new

_COLOURS: Final = {
    PLANNED: "#1a1a1a",
    "edge": "#b5651d",
    "edge-int8": "#d9a441",
    "cloud-raw": "#8c8c8c",
    "cloud-jpeg": "#3a6ea5",
    SPLIT: "#2f7d4f",
}
_OTHER: Final = "#7a4fa0"


def plot_bands(title: str, rows: Sequence[BandRow], axes: Any = None) -> Any:  # noqa: ANN401 - no types
    """Draw on logarithmic axes; the axes. Fixed splits but the best are thin. Raises MissingExtraError."""
    axes, best = axes_or_new(axes, 8, 5), best_split(rows)
    for strategy in dict.fromkeys(row.strategy for row in rows):
        _draw_line(axes, strategy, rows, is_minor=kind_of(strategy) == SPLIT and strategy != best)
    shaded: set[str] = set()
    for band in bands(rows):
        label = None if band.kind in shaded else f"{band.kind} is the fastest"
        shaded.add(band.kind)
        style = {"color": _colour(band.kind), "alpha": 0.13, "linewidth": 0}
        axes.axvspan(band.low_bps / 1e6, band.high_bps / 1e6, label=label, **style)
    axes.set(xscale="log", yscale="log", title=title)
    axes.set(xlabel="uplink in Mbit/s", ylabel="milliseconds for a frame")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize=7)
    return axes


def _draw_line(axes: Any, strategy: str, rows: Sequence[BandRow], is_minor: bool) -> None:  # noqa: ANN401
    drawn = [row for row in rows if row.strategy == strategy and row.latency_s is not None]
    drawn.sort(key=lambda row: row.bandwidth_bps)
    is_planned = strategy == PLANNED
    axes.plot(
        [row.bandwidth_bps / 1e6 for row in drawn],
        [1e3 * (row.latency_s or 0.0) for row in drawn],
        color=_colour(kind_of(strategy)),
        linestyle="--" if is_planned else ":" if is_minor else "-",
        linewidth=0.8 if is_minor else 2.2 if is_planned else 1.4,
        marker=None if is_minor else "o",
        markersize=3,
        label=None if is_minor else strategy.replace(":", " at "),
        zorder=3 if is_planned else 2,
    )


def _colour(kind: str) -> str:
    return _COLOURS.get(kind, _OTHER)
