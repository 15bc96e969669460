"""Edge latency for many bit assignments at once."""

from __future__ import annotations

import numpy as np

from evosplit.planner.baselines.auto_split_items import Items
from evosplit.planner.baselines.float_costs import RAW_INPUT_BITS
from evosplit.planner.baselines.lagrangian import Bits, Floats
from evosplit.planner.problem import Problem


class EdgeSeconds:
    """`LayerTiming.seconds`, added up over the first layers, as arrays."""

    def __init__(self, problem: Problem, weights: Items, activations: Items) -> None:
        timings = problem.edge_timings
        self._compute = np.array([timing.compute_s for timing in timings])
        self._always = np.array([timing.launch_s for timing in timings])
        self._traffic = np.array([timing.fixed_s for timing in timings])
        self._overlap = np.array([timing.overlap for timing in timings])
        self._first = np.array([timing.weights_first for timing in timings])
        self._of_weights = np.zeros((len(timings), len(weights.names)))
        self._of_activations = np.zeros((len(timings), len(activations.names)))
        column = {name: item for item, name in enumerate(activations.names)}
        for item, layer in enumerate(weights.layer):
            self._of_weights[layer, item] = timings[layer].weight_s_per_bit
        for row, timing in enumerate(timings):
            for name, per_bit_s in timing.activation_s_per_bit.items():
                if name in column:
                    self._of_activations[row, column[name]] = per_bit_s
                else:  # an input of the model
                    self._traffic[row] += RAW_INPUT_BITS * per_bit_s

    def __call__(self, stop: int, weights: Bits, activations: Bits) -> Floats:
        """Seconds (assignments,) of the first ``stop`` layers; bits are (assignments, items)."""
        of_weights = weights @ self._of_weights[:stop].T
        hidden = self._traffic[:stop] + activations @ self._of_activations[:stop].T
        first = self._first[:stop]
        hidden = hidden + np.where(first, 0.0, of_weights)
        compute = self._compute[:stop]
        busy = np.where(self._overlap[:stop], np.maximum(compute, hidden), compute + hidden)
        seconds: Floats = (self._always[:stop] + np.where(first, of_weights, 0.0) + busy).sum(axis=1)
        return seconds
