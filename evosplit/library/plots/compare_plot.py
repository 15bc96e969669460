"""Bar chart of a comparison of planners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evosplit.library.plots.figure import axes_or_new
from evosplit.planner.compare import Row

_OURS: Final = "#2f7d4f"
_OTHERS: Final = "#7d93a8"
_BROKEN: Final = "#dddddd"


def plot_rows(title: str, rows: Sequence[Row], axes: Any = None) -> Any:  # noqa: ANN401 - no types
    """Draw a bar a strategy, pale and hatched where it breaks a limit; the axes. Raises MissingExtraError."""
    axes, rows = axes_or_new(axes, 8, 4.5), [row for row in rows if row.latency_s is not None]
    seconds = [1e3 * (row.latency_s or 0.0) for row in rows]
    bars = axes.barh([row.strategy for row in rows], seconds)
    for bar, row in zip(bars, rows, strict=True):
        bar.set_facecolor(_OURS if row.strategy == "ours" else _OTHERS)
        if not row.feasible:
            bar.set(facecolor=_BROKEN, hatch="//", edgecolor="#999999")
    broken = ["" if row.feasible else ", over a limit" for row in rows]
    notes = [f"{value:.3g} ms{note}" for value, note in zip(seconds, broken, strict=True)]
    axes.bar_label(bars, notes, padding=3)
    axes.set(xlabel="milliseconds for a frame", title=title)
    axes.margins(x=0.25)
    axes.invert_yaxis()
    return axes
