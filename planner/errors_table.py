"""What quantisation costs, measured: the error of every weight and activation tensor at every bit-width.

MSE(t, b) = mean((v - Q_b(v))^2) as in Auto-Split (arXiv 2108.13041); over the tensor's own power, and times
its gain, it becomes noise to signal at the network's outputs: docs/decisions/error-measure.md says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.activation_errors import activation_runs, measure_activations
from planner.calibration import check_calibration
from planner.error_types import ActivationErrors, ErrorTable, WeightErrors
from planner.gains import measure_gains
from planner.weight_errors import measure_weights
from shared.graph import Graph

__all__ = ["ActivationErrors", "ErrorTable", "WeightErrors", "measure_errors"]


def measure_errors(
    graph: Graph,
    calibration: Sequence[Mapping[str, np.ndarray]],
    progress: Callable[[int, int], None] | None = None,
    threads: int = 0,
) -> ErrorTable:
    """The error table of a model from calibration inputs (feeds by input name; 8 to 16 are enough).

    Runs the float model with every layer output exposed (in parts where they are large) and then the tail
    behind each layer. ``progress(done, total)`` counts these; ``threads`` 0: all cores. Raises InputError for
    calibration inputs that do not fit, are none, or lead to NaN.
    """
    check_calibration(graph, calibration)
    count = _Counter(activation_runs(graph, len(calibration)) + len(graph.layers) + 1, progress)
    activations, plain_bytes = measure_activations(graph, calibration, count.step, threads)
    weights = measure_weights(graph)
    gains = measure_gains(graph, calibration, activations, weights, count.step, threads)
    return ErrorTable(
        model=graph.name,
        model_sha256=graph.sha256,
        samples=len(calibration),
        weights={
            name: replace(found, error=_times(found.relative, gains.weights[name]))
            for name, found in weights.items()
        },
        activations={
            name: replace(found, error=_times(found.relative, gains.activations[name]))
            for name, found in activations.items()
        },
        plain_bytes=plain_bytes,
    )


def _times(relative: Mapping[int, float], gain: float) -> dict[int, float]:
    return {bits: gain * error for bits, error in relative.items()}


class _Counter:
    """Reports progress step by step."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)
