"""Gains of large networks: through the end of a stretch instead of all that lies behind each layer.

    gain(t) ~ sum over x of NSR(x when t alone is quantised) / NSR(t) * gain(x)

x are the tensors that cross the end of the stretch in which t is made; their gains are probed there, once.
What a few things show that are probed in full corrects the rest: noise of weights, say, is the same all over
a picture, and a mean does not remove it. docs/decisions/error-measure.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Final

import numpy as np

from evosplit.kernels.errors.error_table import ActivationErrors
from evosplit.kernels.errors.output_error import as_error, noise_to_signal
from evosplit.kernels.errors.probe import Probe, Values, probes
from evosplit.kernels.errors.quantised_changes import Change, Thing, tensor_change
from evosplit.kernels.errors.stretched_network import Network

_QUANTILE: Final = 0.9
"""Of the corrections that fully probed things would need, the one that all others get."""


def composed_gains(
    network: Network,
    inputs: Sequence[Values],
    stops: Collection[int],
    every: Sequence[Thing],
    activations: Mapping[str, ActivationErrors],
    progress: Callable[[], None],
    widths: Sequence[int],
    pool: Executor,
) -> dict[Thing, float]:
    """The gains of all things: in full right behind ``stops`` layers, composed and corrected elsewhere.

    Each of the ``widths`` gets an input of its own. Runs are dealt to the threads of ``pool``. Calls
    ``progress`` once per layer, and once before.
    """
    composed: dict[Thing, float] = {}
    full: dict[Thing, Future[float]] = {}
    waiting: list[tuple[Thing, list[Future[dict[str, float]]]]] = []
    for probe in probes(network, inputs):
        parts = probe.singles()[: len(widths)]
        probed = [thing for thing in every if thing.stop == probe.stop]
        for thing in probed:
            noises = [
                pool.submit(_noise_at_end, part, thing.change, bits, thing.relative[bits])
                for bits, part in zip(widths, parts, strict=False)
            ]
            waiting.append((thing, noises))
            if probe.stop in stops:
                full[thing] = pool.submit(full_gain, parts, thing.change, thing.relative, widths)
        if probe.is_end:
            ends = _gains_at_end(network, parts, activations, widths)
            composed |= {
                thing: max(_sum(noise.result(), ends) for noise in noises) for thing, noises in waiting
            }
            waiting = []
        progress()
    known = {thing: gain.result() for thing, gain in full.items()}
    return {**_corrected(composed, known), **known}


def full_gain(
    parts: Sequence[Probe], change: Change, relative: Mapping[int, float], widths: Sequence[int]
) -> float:
    """The largest of the gains at some bit-widths; nothing is amplified that has no error at all."""
    return max(
        (
            noise_to_signal(part.right, part.outputs(change(part, bits))) / relative[bits]
            for bits, part in zip(widths, parts, strict=False)
            if relative[bits]
        ),
        default=0.0,
    )


def _noise_at_end(part: Probe, change: Change, bits: int, relative: float) -> dict[str, float]:
    """NSR over the thing's own, of every float tensor that crosses the end or is an output made before."""
    if not relative:
        return {}
    (now,) = part.reached(change(part, bits))
    (before,) = part.values
    return {
        name: noise_to_signal([{name: before[name]}], [{name: now[name]}]) / relative
        for name in part.ends
        if before[name].dtype.kind == "f" and np.isfinite(before[name]).all()
    }


def _gains_at_end(
    network: Network,
    parts: Sequence[Probe],
    activations: Mapping[str, ActivationErrors],
    widths: Sequence[int],
) -> dict[str, float]:
    """What noise in each tensor that crosses the end of a stretch becomes at the outputs, at most."""
    gains = {
        name: 1.0 / len(network.graph.outputs) for name in parts[0].ends if name in network.graph.outputs
    }
    for name in parts[0].ends:
        if name in activations and name in parts[0].crossing:
            change = tensor_change(name, activations[name])
            gains[name] = full_gain(parts, change, activations[name].relative, widths)
    return gains


def _sum(noise: Mapping[str, float], gains: Mapping[str, float]) -> float:
    return as_error(sum(power * gains.get(name, 0.0) for name, power in noise.items()))


def _corrected(composed: Mapping[Thing, float], full: Mapping[Thing, float]) -> dict[Thing, float]:
    """Composed gains of each kind times what nearly all that were probed in full would have needed."""
    factors = {kind: _factor(composed, full, kind) for kind in ("tensor", "weights")}
    return {thing: gain * factors[thing.kind] for thing, gain in composed.items()}


def _factor(composed: Mapping[Thing, float], full: Mapping[Thing, float], kind: str) -> float:
    ratios = [
        gain / composed[thing] for thing, gain in full.items() if thing.kind == kind and composed[thing] > 0
    ]
    return max(1.0, float(np.quantile(ratios, _QUANTILE))) if ratios else 1.0
