"""What quantisation costs, measured: the error of every weight and activation tensor at every bit-width.

MSE(t, b) = mean((v - Q_b(v))^2) as in Auto-Split (arXiv 2108.13041); over the tensor's own power, and times
its gain, it becomes noise to signal at the network's outputs: docs/decisions/error-measure.md says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kernels.errors.activations import activation_runs, measure_activations
from kernels.errors.gains import OutputErrors, measure_outputs
from kernels.errors.inputs import check_calibration
from kernels.errors.options import ErrorOptions
from kernels.errors.types import ActivationErrors, ErrorTable, WeightErrors
from kernels.errors.weights import measure_weights
from shared.graph import Graph

__all__ = ["ActivationErrors", "ErrorOptions", "ErrorTable", "WeightErrors", "measure_errors"]

DEFAULT_OPTIONS: Final = ErrorOptions()
NO_OUTPUT: Final = 1e9
"""The error of what turns outputs into NaN or infinity: above every limit, and a number."""
METHOD: Final = "symmetric at 8 bits, with ranges, no outputs told"
"""How tables are measured: one that was kept and measured otherwise is measured anew."""


def measure_errors(
    graph: Graph,
    calibration: Sequence[Mapping[str, np.ndarray]],
    progress: Callable[[int, int], None] | None = None,
    threads: int = 0,
    options: ErrorOptions = DEFAULT_OPTIONS,
) -> ErrorTable:
    """The error table of a model from calibration inputs (feeds by input name; 8 to 16 are enough).

    Runs the float model with every layer output exposed (in parts where they are large) and then what lies
    behind each layer. ``progress(done, total)`` counts these; ``threads`` 0: all cores. Raises InputError for
    calibration inputs that do not fit, are none, or lead to NaN, and where ``options.measure`` is ``kl`` but
    the network is no classifier.
    """
    check_calibration(graph, calibration)
    probed = options.measure != "mse"
    steps = activation_runs(graph, len(calibration)) + (len(graph.layers) + 1 if probed else 0)
    count = _Counter(steps, progress)
    activations, plain_bytes = measure_activations(graph, calibration, count.step, threads, options.clip)
    weights = measure_weights(graph, 0 if options.weights == "channel" else None)
    found = (
        measure_outputs(graph, calibration, activations, weights, count.step, threads, options)
        if probed
        else OutputErrors(_mse(activations), _mse(weights))
    )
    return ErrorTable(
        model=graph.name,
        model_sha256=graph.sha256,
        samples=len(calibration),
        weights={name: replace(one, error=_told(found.weights[name])) for name, one in weights.items()},
        activations={
            name: replace(one, error=_told(found.activations[name])) for name, one in activations.items()
        },
        plain_bytes=plain_bytes,
        options=options,
    )


def _told(error: Mapping[int, float]) -> dict[int, float]:
    """Errors as numbers: a divisor, say, that is rounded to zero leaves no output to compare with."""
    return {bits: one if math.isfinite(one) else NO_OUTPUT for bits, one in error.items()}


def _mse(
    errors: Mapping[str, ActivationErrors] | Mapping[str, WeightErrors],
) -> dict[str, Mapping[int, float]]:
    return {name: one.mse for name, one in errors.items()}


class _Counter:
    """Reports progress step by step."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)
