"""What a change behind some layer does to the network's outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shared.graph import Graph, prefix_cut
from shared.session import Runner
from shared.split import tail_model

Values = Mapping[str, np.ndarray]


class Probe:
    """The tail after the first ``stop`` layers, and what all tensors are for some inputs, unchanged."""

    def __init__(self, graph: Graph, stop: int, inputs: Sequence[Values], threads: int) -> None:
        cut = prefix_cut(graph, stop)
        self.inputs = inputs
        self._runner = Runner(tail_model(graph, cut), threads, optimise=False)
        self._boundary = cut.boundary
        self._outputs = tuple(name for name in graph.outputs if graph.tensors[name].is_float)

    def noise_to_signal(self, changed: Sequence[Values]) -> float:
        """Noise power over variance, mean of the float outputs; ``changed`` replaces tensors per input."""
        noise, power = np.zeros(len(self._outputs)), np.zeros(len(self._outputs))
        for values, change in zip(self.inputs, changed, strict=True):
            now = {**values, **change}
            now |= self._runner.run({name: now[name] for name in self._boundary})
            for index, name in enumerate(self._outputs):
                noise[index] += np.mean(np.square(now[name] - values[name], dtype=np.float64))
                power[index] += np.var(values[name], dtype=np.float64)
        varies = power > 0
        return float(np.mean(noise[varies] / power[varies])) if varies.any() else 0.0
