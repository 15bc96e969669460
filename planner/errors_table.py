"""What quantisation costs, measured: the error of every weight and activation tensor at every bit-width.

D(t, b) = mean((v - Q_b(v))^2), as in Auto-Split (arXiv 2108.13041), and divided by the tensor's own power so
that errors of different tensors may be added: see docs/decisions/error-measure.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from planner.activation_errors import measure_activations
from planner.calibration import check_calibration
from planner.error_types import ActivationErrors, ErrorTable, WeightErrors
from planner.weight_errors import measure_weights
from shared.graph import Graph

__all__ = ["ActivationErrors", "ErrorTable", "WeightErrors", "measure_errors"]


def measure_errors(
    graph: Graph,
    calibration: Sequence[Mapping[str, np.ndarray]],
    progress: Callable[[int, int], None] | None = None,
    threads: int = 0,
) -> ErrorTable:
    """The error table of a model from calibration inputs (feeds by input name, 8 to 16 are enough).

    Runs the float model once per input with every tensor as an output (in parts where they are large), so
    memory stays bounded. ``progress(done, total)`` counts runs; ``threads`` 0: all cores. Raises InputError
    for calibration inputs that do not fit, are none, or lead to NaN.
    """
    check_calibration(graph, calibration)
    activations, plain_bytes = measure_activations(graph, calibration, progress, threads)
    return ErrorTable(
        model=graph.name,
        model_sha256=graph.sha256,
        samples=len(calibration),
        weights=measure_weights(graph),
        activations=activations,
        plain_bytes=plain_bytes,
    )
