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
from typing import Final, TypeAlias

from kernels.errors.changes import Change, tensor_change, weight_change
from kernels.errors.options import ErrorOptions
from kernels.errors.outputs import check_classifier, divergence, noise_to_signal
from kernels.errors.probe import Probe, Values, probes
from kernels.errors.types import ActivationErrors, WeightErrors
from shared.graph import Graph

GAIN_BITS: Final = (4, 6)
_MAX_INPUTS: Final = 8
_MIN_INPUTS: Final = 2
_MAC_BUDGET: Final = 150e9
"""Multiply-accumulates to spend; a function of the network alone, so that equal inputs give equal tables."""

ByBits: TypeAlias = Mapping[int, float]


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
    axis = 0 if options.weights == "channel" else None
    found: dict[str, ByBits] = {}
    of_weights: dict[str, ByBits] = {}
    for probe in probes(graph, calibration[: _inputs(graph, options)], threads):
        for name in graph.layers[probe.stop - 1].outputs if probe.stop else graph.inputs:
            if name in activations:
                change = tensor_change(name, activations[name])
                found[name] = _errors(probe, change, activations[name].relative, options)
        layer = graph.layers[probe.stop - 1].name if probe.stop else ""
        if layer in weights:
            change = weight_change(graph, probe.stop - 1, threads, axis)
            of_weights[layer] = _errors(probe, change, weights[layer].relative, options)
        progress()
    return OutputErrors(found, of_weights)


def _inputs(graph: Graph, options: ErrorOptions) -> int:
    """As many inputs as the budget of arithmetic allows."""
    tail_macs = sum((layer.index + 1) * layer.macs for layer in graph.layers)
    runs = 2 * len(GAIN_BITS)
    count = int(_MAC_BUDGET / (runs * max(tail_macs, 1)))
    return max(_MIN_INPUTS, min(_MAX_INPUTS, count if options.measure == "gain" else count // 2))


def _errors(probe: Probe, change: Change, relative: ByBits, options: ErrorOptions) -> ByBits:
    """Measured at every bit-width, or relative errors times the gain."""
    if options.measure == "gain":
        gain = _gain(probe, change, relative)
        return {bits: gain * error for bits, error in relative.items()}
    measure = divergence if options.measure == "kl" else noise_to_signal
    widths = sorted(relative, reverse=True)
    found = [
        measure(probe.right, probe.outputs(change(probe, bits))) if relative[bits] else 0.0 for bits in widths
    ]
    # Fewer bits that seem better are luck; the plan would count on it.
    return dict(sorted(zip(widths, itertools.accumulate(found, max), strict=True)))


def _gain(probe: Probe, change: Change, relative: ByBits) -> float:
    """The larger of the gains at two bit-widths; nothing is amplified that has no error at all.

    Where arithmetic is dear (no more than the fewest inputs), each bit-width gets an input of its own.
    """
    dear = len(probe.values) <= _MIN_INPUTS
    parts = itertools.cycle(probe.singles() if dear else [probe])
    return max(
        (
            noise_to_signal(part.right, part.outputs(change(part, bits))) / relative[bits]
            for bits, part in zip(GAIN_BITS, parts, strict=False)
            if relative[bits]
        ),
        default=0.0,
    )
