"""Line plot of a plan table: latency over bandwidth, each plan where it is the best."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from evosplit.library.plots.figure import axes_or_new
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan, PlanTable

_ENDS_BPS = 50e3, 1e9


def plot_table(title: str, table: PlanTable, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib has no types
    """Draw a line a plan on logarithmic axes, and return the axes. Raises MissingExtraError."""
    axes = axes_or_new(axes, 8, 4.5)
    ends = (_ENDS_BPS[0], *table.breakpoints_bps, _ENDS_BPS[1])
    for (low, high), plan in zip(itertools.pairwise(ends), table.plans, strict=True):
        bandwidths = np.geomspace(low, high, 50)
        seconds = [_total_s(plan, float(bandwidth), table.rtt_s) for bandwidth in bandwidths]
        axes.loglog(bandwidths / 1e6, np.multiply(1e3, seconds), label=f"cut {plan.cut_key[:8]}")
    axes.set(xlabel="Mbit/s", ylabel="milliseconds for a frame", title=title)
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize=7)
    return axes


def _total_s(plan: Plan, bandwidth_bps: float, rtt_s: float) -> float:
    return plan.latency_at(Link(bandwidth_bps, rtt_s)).total_s
