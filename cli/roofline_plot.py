"""A model's layers under the two roofs of a machine, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evosplit.cli.figure import new_figure, save_figure
from evosplit.shared.layer_rates import LayerRate
from evosplit.shared.roofline import Roofs


def write_plot(path: Path, name: str, roofs: Roofs, rates: Sequence[LayerRate]) -> None:
    """Draw layers with arithmetic, larger where they take longer, on logarithmic axes.

    Raises UsageError for a kind of file that cannot be drawn, EvoSplitError when it cannot be written.
    """
    figure = new_figure(8, 5)
    _draw(figure.subplots(), name, roofs, [rate for rate in rates if rate.flops])
    save_figure(figure, path)


def _draw(axes: Any, name: str, roofs: Roofs, rates: Sequence[LayerRate]) -> None:  # noqa: ANN401 - no types
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


def _bandwidth(roofs: Roofs) -> str:
    return f"{roofs.peak_bytes_per_s / 1e9:.3g} GB/s, {roofs.threads} threads"
