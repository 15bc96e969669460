"""Measurement of an error table: every weight and activation tensor at every bit-width.

MSE(t, b) = mean((v - Q_b(v))^2) as in Auto-Split (arXiv 2108.13041); over the tensor's own power, and times
its gain, it becomes noise to signal at the network's outputs: docs/decisions/error-measure.md says why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np

from evosplit.kernels.errors.activations import activation_runs, measure_activations
from evosplit.kernels.errors.calibration_inputs import check_calibration, spread
from evosplit.kernels.errors.coded_steps import with_errors
from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.error_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.kernels.errors.gains import OutputErrors, measure_outputs
from evosplit.kernels.errors.probe_budget import passed_inputs
from evosplit.kernels.errors.stretched_network import network_of
from evosplit.kernels.errors.weights import measure_weights
from evosplit.shared.graph import Graph

__all__ = ["ActivationErrors", "ErrorOptions", "ErrorTable", "WeightErrors", "measure_errors"]

DEFAULT_OPTIONS: Final = ErrorOptions()
METHOD: Final = (
    "symmetric at 8 bits, with ranges, scaled clips, gains in a roofline, two coded ladders from 5.6"
)
"""How tables are measured: one that was kept and measured otherwise is measured anew."""


def measure_errors(
    graph: Graph,
    calibration: Sequence[Mapping[str, np.ndarray]],
    progress: Callable[[int, int], None] | None = None,
    threads: int = 0,
    options: ErrorOptions = DEFAULT_OPTIONS,
) -> ErrorTable:
    """The error table of a model from calibration inputs (feeds by input name; 8 to 16 are enough).

    Runs the float model with every layer output exposed and then what lies behind layers, both within
    budgets of arithmetic: `evosplit.kernels.errors.probe_budget`. ``progress(done, total)`` counts these;
    ``threads`` 0: all cores, each with runs of its own.
    A tensor with infinity inside (an attention mask) has no errors: it stays float.
    Raises InputError for calibration inputs that do not fit, are none, or lead to outputs that are not
    finite, and where ``options.measure`` is ``kl`` but the network is no classifier.
    """
    check_calibration(graph, calibration)
    network = network_of(graph, threads=1)
    calibration = [
        calibration[index] for index in spread(len(calibration), passed_inputs(graph, len(calibration)))
    ]
    probed = options.measure != "mse"
    steps = activation_runs(len(calibration)) + (len(graph.layers) + 1 if probed else 0)
    count = _Counter(steps, progress)
    axis = 0 if options.weights == "channel" else None
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        activations, plain_bytes = measure_activations(network, calibration, count.step, options.clip, pool)
        weights = measure_weights(network, pool, axis)
        output_errors = (
            measure_outputs(network, calibration, activations, weights, count.step, options, pool)
            if probed
            else OutputErrors(_mse(activations), _mse(weights))
        )
    return ErrorTable(
        model=graph.name,
        model_sha256=graph.sha256,
        samples=len(calibration),
        weights={
            name: replace(errors, error=output_errors.weights[name]) for name, errors in weights.items()
        },
        activations={
            name: _judged(errors, output_errors.activations[name]) for name, errors in activations.items()
        },
        plain_bytes=plain_bytes,
        options=options,
    )


def _judged(errors: ActivationErrors, error: Mapping[int, float]) -> ActivationErrors:
    """With the errors that limits count."""
    return replace(errors, error=error, coded=with_errors(errors.coded, errors.relative, error))


def _mse(
    errors: Mapping[str, ActivationErrors] | Mapping[str, WeightErrors],
) -> dict[str, Mapping[int, float]]:
    return {name: of_thing.mse for name, of_thing in errors.items()}


class _Counter:
    """Reports progress step by step."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)
