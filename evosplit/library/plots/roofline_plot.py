"""Roofline plot: a model's layers under the two roofs of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evosplit.library.plots.figure import axes_or_new
from evosplit.shared.layer_rates import LayerRate
from evosplit.shared.roofline import Roofs


def plot_roofline(
    name: str,
    roofs: Roofs,
    rates: Sequence[LayerRate],
    axes: Any = None,  # noqa: ANN401 - no types
) -> Any:  # noqa: ANN401 - no types
    """Draw layers with arithmetic, larger where they take longer, on logarithmic axes; the axes.

    Raises MissingExtraError.
    """
    axes, rates = axes_or_new(axes, 8, 5), [rate for rate in rates if rate.flops]
    marks = [roofs.peak_flops / roofs.peak_bytes_per_s, *(rate.intensity for rate in rates)]
    span = np.geomspace(min(marks) / 4, max(marks) * 4, 200)
    roof = [roofs.attainable_flops(float(intensity)) / 1e9 for intensity in span]
    axes.loglog(span, roof, color="black", label=f"{roofs.peak_flops / 1e9:.3g} GFLOP/s, {_bandwidth(roofs)}")
    total_s = sum(rate.seconds for rate in rates) or 1.0
    for op in dict.fromkeys(rate.op for rate in rates):
        same = [rate for rate in rates if rate.op == op]
        axes.scatter(
            [rate.intensity for rate in same],
            [rate.flops_per_s / 1e9 for rate in same],
            s=[20 + 1500 * rate.seconds / total_s for rate in same],
            alpha=0.6,
            label=op,
        )
    axes.set(xlabel="FLOP per byte", ylabel="GFLOP/s", title=f"{name}: layers under the roofs")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(markerscale=0.5)
    return axes


def _bandwidth(roofs: Roofs) -> str:
    return f"{roofs.peak_bytes_per_s / 1e9:.3g} GB/s, {roofs.threads} threads"
