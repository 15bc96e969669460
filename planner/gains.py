"""What quantising one tensor, or one layer's weights, does at the network's outputs.

Measured in full, at every bit-width (``output``, ``kl``), or estimated from a gain:

gain(t) = NSR(outputs when t alone is quantised) / NSR(t), NSR = noise power / variance (of weights: mean
square). For small noise it hardly depends on the bit-width, so two of them are tried and the larger gain
is kept. NSRs times gains add up to the predicted NSR of the outputs: docs/decisions/error-measure.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from onnx import numpy_helper

from kernels.quantise import fake_quantise
from planner.error_options import ErrorOptions
from planner.error_types import ActivationErrors, WeightErrors
from planner.output_measures import check_classifier, divergence, noise_to_signal
from planner.packing import initialisers, quantised_weights
from planner.probe import Probe, Values, probes
from shared.graph import Graph
from shared.session import Runner
from shared.split import layer_model
from shared.weights import restore_weights

GAIN_BITS: Final = (4, 6)
_MAX_INPUTS: Final = 8
_MIN_INPUTS: Final = 2
_MAC_BUDGET: Final = 150e9
"""Multiply-accumulates to spend; a function of the network alone, so that equal inputs give equal tables."""

ByBits = Mapping[int, float]
Quantised = Callable[[int], Sequence[Values]]


@dataclass(frozen=True)
class OutputErrors:
    """Errors at the network's outputs by tensor name (activations) and layer name (weights), by bits."""

    activations: Mapping[str, ByBits]
    weights: Mapping[str, ByBits]


def measure_outputs(
    graph: Graph,
    calibration: Sequence[Values],
    activations: Mapping[str, ActivationErrors],
    weights: Mapping[str, WeightErrors],
    progress: Callable[[], None],
    threads: int,
    options: ErrorOptions,
) -> OutputErrors:
    """The errors of every float tensor and of every layer with weights to quantise, by ``options.measure``.

    Runs what comes behind each layer on a few calibration inputs, with one thing quantised and all others
    as they are. Calls ``progress`` once per layer, and once for the inputs of the model. Raises InputError
    where KL is asked of a network that is no classifier.
    """
    if options.measure == "kl":
        check_classifier(graph)
    inputs = calibration[: _inputs(graph, len(GAIN_BITS) if options.measure == "gain" else 7)]
    found: dict[str, ByBits] = {}
    of_weights: dict[str, ByBits] = {}
    for probe in probes(graph, inputs, threads):
        made = graph.layers[probe.stop - 1].outputs if probe.stop else graph.inputs
        for name in made:
            if name in activations:
                errors = activations[name]
                found[name] = _errors(probe, _tensor(probe, name, errors), errors.relative, options)
        layer = graph.layers[probe.stop - 1].name if probe.stop else ""
        if layer in weights:
            quantised = _weights(graph, probe, threads, 0 if options.weights == "channel" else None)
            of_weights[layer] = _errors(probe, quantised, weights[layer].relative, options)
        progress()
    return OutputErrors(found, of_weights)


def _inputs(graph: Graph, runs: int) -> int:
    """As many inputs as the budget of arithmetic allows."""
    tail_macs = sum((layer.index + 1) * layer.macs for layer in graph.layers)
    return max(_MIN_INPUTS, min(_MAX_INPUTS, int(_MAC_BUDGET / (2 * runs * max(tail_macs, 1)))))


def _tensor(probe: Probe, name: str, errors: ActivationErrors) -> Quantised:
    """The tensor at a bit-width, over its clip range or each input's own."""

    def quantised(bits: int) -> list[Values]:
        low, high = errors.low.get(bits), errors.high.get(bits)
        return [
            {name: fake_quantise(one[name], bits, low, high).astype(one[name].dtype)} for one in probe.values
        ]

    return quantised


def _weights(graph: Graph, probe: Probe, threads: int, axis: int | None) -> Quantised:
    """What the layer before the probe makes when it runs alone with quantised weights."""
    layer = graph.layers[probe.stop - 1]
    stored, names = initialisers(graph), quantised_weights(graph)[layer.name]
    arrays = {name: numpy_helper.to_array(stored[name]) for name in names}
    model = layer_model(graph, layer.index)

    def quantised(bits: int) -> list[Values]:
        packed = {name: fake_quantise(array, bits, axis=axis) for name, array in arrays.items()}
        runner = Runner(restore_weights(model, packed), threads)
        return [runner.run({name: one[name] for name in layer.inputs}) for one in probe.values]

    return quantised


def _errors(probe: Probe, quantised: Quantised, relative: ByBits, options: ErrorOptions) -> ByBits:
    """Measured at every bit-width, or relative errors times the gain."""
    if options.measure == "gain":
        gain = _gain(probe, quantised, relative)
        return {bits: gain * error for bits, error in relative.items()}
    measure = divergence if options.measure == "kl" else noise_to_signal
    widths = sorted((bits for bits in relative), reverse=True)
    found = [
        measure(probe.right, probe.outputs(quantised(bits))) if relative[bits] else 0.0 for bits in widths
    ]
    # Fewer bits that seem better are luck; the plan would count on it.
    return dict(sorted(zip(widths, itertools.accumulate(found, max), strict=True)))


def _gain(probe: Probe, quantised: Quantised, relative: ByBits) -> float:
    """The larger of the gains at two bit-widths; nothing is amplified that has no error at all."""
    tried = [bits for bits in GAIN_BITS if relative[bits]]
    return max(
        (noise_to_signal(probe.right, probe.outputs(quantised(bits))) / relative[bits] for bits in tried),
        default=0.0,
    )
