"""Noise gains: what quantising one tensor, or one layer's weights, does at the network's outputs.

Measured in full, at every bit-width (``output``, ``kl``), or estimated from a gain:

gain(t) = NSR(outputs when t alone is quantised) / NSR(t), NSR = noise power / variance (of weights: mean
square). For small noise it hardly depends on the bit-width, so two of them are tried and the larger gain
is kept. NSRs times gains add up to the predicted NSR of the outputs: docs/decisions/error-measure.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, TypeVar

from evosplit.kernels.errors.composed_gains import composed_gains, full_gain
from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.error_table import ActivationErrors, WeightErrors
from evosplit.kernels.errors.output_error import as_error, check_classifier, divergence, noise_to_signal
from evosplit.kernels.errors.probe import Probe, Values, probes
from evosplit.kernels.errors.probe_budget import MIN_INPUTS, probe_effort, whole_inputs
from evosplit.kernels.errors.quantised_changes import Thing, things
from evosplit.kernels.errors.stretched_network import Network

GAIN_BITS: Final = (4, 6)
_MEASURED_RUNS: Final = 4
"""Per thing and input that measures at every bit-width count with: they are asked for, not hurried."""

T = TypeVar("T")
ByBits: TypeAlias = Mapping[int, float]


@dataclass(frozen=True)
class OutputErrors:
    """Errors at the network's outputs by tensor name (activations) and layer name (weights), by bits."""

    activations: Mapping[str, ByBits]
    weights: Mapping[str, ByBits]


def measure_outputs(
    network: Network,
    calibration: Sequence[Values],
    activations: Mapping[str, ActivationErrors],
    weights: Mapping[str, WeightErrors],
    progress: Callable[[], None],
    options: ErrorOptions,
    pool: Executor,
) -> OutputErrors:
    """The errors of every float tensor and of every layer with weights to quantise, by ``options.measure``.

    Runs what comes behind layers on a few calibration inputs, with one thing quantised and all others as
    they are; gains within a budget of arithmetic (`evosplit.kernels.errors.probe_budget`). Calls ``progress``
    once per layer, and once for the inputs of the model. Things are dealt to the threads of ``pool``,
    while the sessions behind the next layer are built. Raises InputError where KL is asked of a network that
    is no classifier.
    """
    if options.measure == "kl":
        check_classifier(network.graph)
    every = list(things(network, activations, weights, 0 if options.weights == "channel" else None))
    if options.measure == "gain":
        gains = _gains(network, calibration, activations, every, progress, pool)
        return _named(every, {thing: _times(gains[thing], thing.relative) for thing in every})
    measure = partial(_errors, measure=divergence if options.measure == "kl" else noise_to_signal)
    inputs = calibration[: whole_inputs(network, _MEASURED_RUNS)]
    return _named(every, _probed(network, inputs, every, progress, measure, pool))


def _gains(
    network: Network,
    calibration: Sequence[Values],
    activations: Mapping[str, ActivationErrors],
    every: Sequence[Thing],
    progress: Callable[[], None],
    pool: Executor,
) -> dict[Thing, float]:
    """Probed in full where the budget allows it, else composed."""
    effort = probe_effort(network, GAIN_BITS)
    inputs = calibration[: effort.inputs]
    if effort.stops is None:
        return _probed(network, inputs, every, progress, _gain, pool)
    return composed_gains(network, inputs, effort.stops, every, activations, progress, effort.widths, pool)


def _probed(
    network: Network,
    inputs: Sequence[Values],
    every: Sequence[Thing],
    progress: Callable[[], None],
    measure: Callable[[Probe, Thing], T],
    pool: Executor,
) -> dict[Thing, T]:
    """``measure`` of all things; those of one stretch are held until its end."""
    results: dict[Thing, T] = {}
    waiting: dict[Thing, Future[T]] = {}
    for probe in probes(network, inputs):
        waiting |= {thing: pool.submit(measure, probe, thing) for thing in every if thing.stop == probe.stop}
        if probe.is_end:
            results |= {thing: future.result() for thing, future in waiting.items()}
            waiting = {}
        progress()
    return results


def _times(gain: float, relative: ByBits) -> ByBits:
    return {bits: as_error(gain * error) for bits, error in relative.items()}


def _named(every: Sequence[Thing], errors: Mapping[Thing, ByBits]) -> OutputErrors:
    tensors, weights = (
        {thing.name: errors[thing] for thing in every if thing.kind == kind} for kind in ("tensor", "weights")
    )
    return OutputErrors(tensors, weights)


def _errors(probe: Probe, thing: Thing, measure: Callable[..., float]) -> ByBits:
    """Measured at every bit-width."""
    widths = sorted(thing.relative, reverse=True)
    errors = [
        measure(probe.right, probe.outputs(thing.change(probe, bits))) if thing.relative[bits] else 0.0
        for bits in widths
    ]
    # Fewer bits that seem better are luck; the plan would count on it.
    return dict(sorted(zip(widths, itertools.accumulate(errors, max), strict=True)))


def _gain(probe: Probe, thing: Thing) -> float:
    """The larger of the gains at two bit-widths; nothing is amplified that has no error at all.

    Where arithmetic is dear (no more than the fewest inputs), each bit-width gets an input of its own.
    """
    dear = len(probe.values) <= MIN_INPUTS
    parts = list(itertools.islice(itertools.cycle(probe.singles() if dear else [probe]), len(GAIN_BITS)))
    return full_gain(parts, thing.change, thing.relative, GAIN_BITS)
