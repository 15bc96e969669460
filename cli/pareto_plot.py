"""The front of latency, memory and error as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from evosplit.cli.figure import new_figure, save_figure
from evosplit.shared.plan import Plan

_NONE: Final = 1e-6
"""Where plans without any error are drawn on the logarithmic axis."""


def write_plot(path: Path, title: str, plans: Sequence[Plan]) -> None:
    """Draw latency over error, coloured by memory; each plan's cut stands beside it.

    Raises UsageError for a kind of file that cannot be drawn, EvoSplitError when it cannot be written.
    """
    figure = new_figure(8, 5)
    _draw(figure, title, plans)
    save_figure(figure, path)


def _draw(figure: Any, title: str, plans: Sequence[Plan]) -> None:  # noqa: ANN401 - matplotlib has no types
    axes = figure.subplots(subplot_kw={"xscale": "log", "yscale": "log"})
    errors = [max(plan.error, _NONE) for plan in plans]
    seconds = [1e3 * plan.latency.total_s for plan in plans]
    sizes = [plan.edge_memory_bytes / 1e6 for plan in plans]
    dots = axes.scatter(errors, seconds, c=sizes, cmap="viridis_r", s=45, edgecolor="#404040", linewidth=0.5)
    for plan, error, value in zip(plans, errors, seconds, strict=True):
        axes.annotate(plan.cut_key[:8], (error, value), (4, 4), textcoords="offset points", fontsize=7)
    figure.colorbar(dots, label="edge memory in MB")
    axes.set(
        xlabel=f"error (noise to signal; {_NONE:g} and less at the left)",
        ylabel="milliseconds for a frame",
        title=title,
    )
    axes.grid(visible=True, which="both", alpha=0.2)
