"""How much of a tensor's noise reaches the network's outputs.

gain(t) = NSR(outputs when only t is quantised) / NSR(t), NSR = noise power / variance. For small noise it
hardly depends on the bit-width, so two of them are tried and the larger gain is kept. Relative errors times
gains add up to the predicted NSR of the outputs: see docs/decisions/error-measure.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kernels.quantise import fake_quantise
from planner.error_types import ActivationErrors
from planner.tap import layer_tensors, tapped_model
from shared.graph import Graph, prefix_cut
from shared.session import Runner
from shared.split import tail_model

GAIN_BITS: Final = (4, 6)
_MAX_INPUTS: Final = 8
_MIN_INPUTS: Final = 2
_MAC_BUDGET: Final = 250e9
"""Multiply-accumulates to spend; a function of the network alone, so that equal inputs give equal tables."""

Values = Mapping[str, np.ndarray]


def measure_gains(
    graph: Graph,
    calibration: Sequence[Values],
    errors: Mapping[str, ActivationErrors],
    progress: Callable[[], None],
    threads: int,
) -> dict[str, float]:
    """Gain per float tensor. One that is read by no layer has gain 1: it is an output itself.

    Runs the tail after each tensor's layer on a few calibration inputs, with that tensor alone quantised
    and all others as they are. Calls ``progress`` once per tensor.
    """
    runner = Runner(tapped_model(graph, layer_tensors(graph)), threads)
    inputs = [{**feeds, **runner.run(feeds)} for feeds in calibration[: _inputs(graph)]]
    gains = dict.fromkeys(errors, 1.0)
    for made, names in _by_cut(graph, errors).items():
        cut = prefix_cut(graph, made)
        tail = _Tail(Runner(tail_model(graph, cut), threads, optimise=False), cut.boundary, inputs)
        for name in names:
            gains[name] = max(tail.gain(name, errors[name], bits) for bits in GAIN_BITS)
            progress()
    return gains


def _by_cut(graph: Graph, errors: Mapping[str, ActivationErrors]) -> dict[int, list[str]]:
    """The tensors that some layer reads, by the number of layers after which they are there."""
    read = {name for layer in graph.layers for name in layer.inputs}
    made = {name: layer.index + 1 for layer in graph.layers for name in layer.outputs}
    found: dict[int, list[str]] = {}
    for name in errors:
        if name in read:
            found.setdefault(made.get(name, 0), []).append(name)
    return found


def _inputs(graph: Graph) -> int:
    """As many inputs as the budget of arithmetic allows."""
    tail_macs = sum((layer.index + 1) * layer.macs for layer in graph.layers)
    return max(_MIN_INPUTS, min(_MAX_INPUTS, int(_MAC_BUDGET / (len(GAIN_BITS) * max(tail_macs, 1)))))


@dataclass(frozen=True)
class _Tail:
    runner: Runner
    boundary: Sequence[str]
    inputs: Sequence[Values]

    def gain(self, name: str, errors: ActivationErrors, bits: int) -> float:
        """Mean NSR of the tail's float outputs over the NSR of the tensor, at one bit-width."""
        if not errors.relative[bits]:
            return 0.0
        noise = dict.fromkeys(self.runner.output_names, 0.0)
        power = dict.fromkeys(self.runner.output_names, 0.0)
        for values in self.inputs:
            feeds = {other: values[other] for other in self.boundary}
            feeds[name] = fake_quantise(values[name], bits, errors.low[bits], errors.high[bits])
            for output, array in self.runner.run(feeds).items():
                if array.dtype.kind == "f":
                    noise[output] += float(np.mean(np.square(array - values[output], dtype=np.float64)))
                    power[output] += float(np.var(values[output], dtype=np.float64))
        ratios = [noise[output] / power[output] for output in noise if power[output]]
        return sum(ratios) / max(len(ratios), 1) / errors.relative[bits]
