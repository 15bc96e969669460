"""Scatter plot of a Pareto front: latency, memory and error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evosplit.library.plots.figure import axes_or_new
from evosplit.shared.plan import Plan

_NONE: Final = 1e-6
"""Where plans without any error are drawn on the logarithmic axis."""


def plot_front(title: str, plans: Sequence[Plan], axes: Any = None) -> Any:  # noqa: ANN401 - no types
    """Draw latency over error, coloured by memory, each plan's cut beside it; the axes.

    Raises MissingExtraError.
    """
    axes = axes_or_new(axes, 8, 5)
    axes.set(xscale="log", yscale="log")
    errors = [max(plan.error, _NONE) for plan in plans]
    seconds = [1e3 * plan.latency.total_s for plan in plans]
    sizes = [plan.edge_memory_bytes / 1e6 for plan in plans]
    dots = axes.scatter(errors, seconds, c=sizes, cmap="viridis_r", s=45, edgecolor="#404040", linewidth=0.5)
    for plan, error, value in zip(plans, errors, seconds, strict=True):
        axes.annotate(plan.cut_key[:8], (error, value), (4, 4), textcoords="offset points", fontsize=7)
    axes.figure.colorbar(dots, ax=axes, label="edge memory in MB")
    axes.set(
        xlabel=f"error (noise to signal; {_NONE:g} and less at the left)",
        ylabel="milliseconds for a frame",
        title=title,
    )
    axes.grid(visible=True, which="both", alpha=0.2)
    return axes
