"""How much of a tensor's noise reaches the network's outputs.

gain(t) = NSR(outputs when t alone is quantised) / NSR(t), NSR = noise power / variance (of weights: mean
square). For small noise it hardly depends on the bit-width, so two of them are tried and the larger gain
is kept. NSRs times gains add up to the predicted NSR of the outputs: docs/decisions/error-measure.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from onnx import numpy_helper

from kernels.quantise import fake_quantise
from planner.error_types import ActivationErrors, WeightErrors
from planner.packing import initialisers, quantised_weights
from planner.probe import Probe, Values
from planner.tap import layer_tensors, tapped_model
from shared.graph import Graph
from shared.session import Runner
from shared.split import layer_model
from shared.weights import restore_weights

GAIN_BITS: Final = (4, 6)
_MAX_INPUTS: Final = 8
_MIN_INPUTS: Final = 2
_MAC_BUDGET: Final = 150e9
"""Multiply-accumulates to spend; a function of the network alone, so that equal inputs give equal tables."""


@dataclass(frozen=True)
class Gains:
    """Gains by tensor name (activations) and layer name (weights)."""

    activations: Mapping[str, float]
    weights: Mapping[str, float]


def measure_gains(
    graph: Graph,
    calibration: Sequence[Values],
    activations: Mapping[str, ActivationErrors],
    weights: Mapping[str, WeightErrors],
    progress: Callable[[], None],
    threads: int,
) -> Gains:
    """Gains of every float tensor and of every layer with weights to quantise.

    Runs the tail behind each layer on a few calibration inputs, with one thing quantised and all others as
    they are. Calls ``progress`` once per layer, and once for the inputs of the model.
    """
    runner = Runner(tapped_model(graph, layer_tensors(graph)), threads)
    inputs = [{**feeds, **runner.run(feeds)} for feeds in calibration[: _inputs(graph)]]
    found: dict[str, float] = {}
    of_weights: dict[str, float] = {}
    for stop in range(len(graph.layers) + 1):
        probe = Probe(graph, stop, inputs, threads)
        made = graph.layers[stop - 1].outputs if stop else graph.inputs
        found |= {name: _tensor_gain(probe, name, activations[name]) for name in made if name in activations}
        if stop and graph.layers[stop - 1].name in weights:
            layer = graph.layers[stop - 1].name
            of_weights[layer] = _weight_gain(graph, stop - 1, probe, weights[layer], threads)
        progress()
    return Gains(found, of_weights)


def _inputs(graph: Graph) -> int:
    """As many inputs as the budget of arithmetic allows."""
    tail_macs = sum((layer.index + 1) * layer.macs for layer in graph.layers)
    runs_per_tail = 2 * len(GAIN_BITS)
    return max(_MIN_INPUTS, min(_MAX_INPUTS, int(_MAC_BUDGET / (runs_per_tail * max(tail_macs, 1)))))


def _tensor_gain(probe: Probe, name: str, errors: ActivationErrors) -> float:
    def quantised(bits: int) -> list[Values]:
        low, high = errors.low[bits], errors.high[bits]
        return [{name: fake_quantise(values[name], bits, low, high)} for values in probe.inputs]

    return _gain(probe, quantised, errors.relative)


def _weight_gain(graph: Graph, index: int, probe: Probe, errors: WeightErrors, threads: int) -> float:
    """The layer alone runs with quantised weights; what it makes then goes through the tail."""
    layer = graph.layers[index]
    stored, names = initialisers(graph), quantised_weights(graph)[layer.name]
    arrays = {name: numpy_helper.to_array(stored[name]) for name in names}
    model = layer_model(graph, index)

    def quantised(bits: int) -> list[Values]:
        packed = {name: fake_quantise(array, bits, axis=0) for name, array in arrays.items()}
        runner = Runner(restore_weights(model, packed), threads)
        return [runner.run({name: values[name] for name in layer.inputs}) for values in probe.inputs]

    return _gain(probe, quantised, errors.relative)


def _gain(probe: Probe, quantised: Callable[[int], Sequence[Values]], relative: Mapping[int, float]) -> float:
    """The larger of the gains at two bit-widths; nothing is amplified that has no error at all."""
    tried = [bits for bits in GAIN_BITS if relative[bits]]
    return max((probe.noise_to_signal(quantised(bits)) / relative[bits] for bits in tried), default=0.0)
