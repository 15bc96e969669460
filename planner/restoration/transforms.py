"""Learning of the channel transform of one tensor, kept where it saves bytes at equal error of the outputs.

Basis and metric come from the inputs to fit to, errors at the outputs from those held out. Behind a rectifier
a transform costs bytes, since it makes many small values of many zeros: it is measured, and not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evosplit.kernels.errors.calibration_inputs import spread
from evosplit.kernels.errors.coded_sizes import coded_sizes, with_sizes
from evosplit.kernels.errors.coded_steps import CodedStep, similar_step
from evosplit.kernels.errors.tensor_statistics import SAMPLES
from evosplit.kernels.restoration.channel_basis import channel_basis, mixed_metric
from evosplit.kernels.restoration.neighbourhoods import Floats32
from evosplit.planner.restoration.feature_pairs import FeaturePairs, arrived
from evosplit.planner.restoration.held_out import run_seconds
from evosplit.planner.restoration.restorations import TransformedStep
from evosplit.planner.restoration.sensitivity import channel_sensitivity
from evosplit.shared.errors import RestorationError
from evosplit.shared.graph import Graph
from evosplit.shared.restoration.network import Restoration, build_undoing
from evosplit.shared.restoration.transform import ChannelTransform, transform_of

_ENCODED_INPUTS: Final = 8
"""Inputs that are really encoded, in both ways, to learn the share of bytes that is left."""
_PROBED: Final = slice(1, 5)
"""Steps of the nearest ladder, 2.0 to 0.7, at which both ways are compared."""
_LEAST_SAVING: Final = 0.97
"""Bytes at equal error have to fall to this share of what they were, or less."""


@dataclass(frozen=True)
class LearnedTransform:
    """The network that undoes it, what the edge makes components with, and the steps that it was kept for."""

    network: Restoration
    transform: ChannelTransform
    steps: tuple[TransformedStep, ...]


def learn_transform(
    graph: Graph, ladder: Sequence[CodedStep], pairs: FeaturePairs
) -> LearnedTransform | None:
    """The transform of a tensor, at each step of its ``ladder``; None where it saves nothing.

    Raises InputError, ModelError.
    """
    network = _network(graph, pairs)
    try:
        transform = transform_of(network)
    except RestorationError:  # channels that hardly matter, beside others: float32 has no way back
        return None
    trial = _Trial(pairs, network, transform)
    both = trial.steps(ladder)
    if not trial.saves(both):
        return None
    seconds = run_seconds(network, pairs.fitted_at(0))
    kept = tuple(trial.kept(plain, own, seconds) for plain, own in both)
    return LearnedTransform(network, transform, tuple(step for step in kept if step is not None))


def _network(graph: Graph, pairs: FeaturePairs) -> Restoration:
    metric = mixed_metric(channel_sensitivity(graph, pairs))
    basis = channel_basis(pairs.fitted, metric)
    inverse, mean = basis.inverse.astype(np.float32), basis.mean.astype(np.float32)
    return build_undoing(graph.sha256, pairs.tensor, graph.tensors[pairs.tensor].shape, inverse, mean)


@dataclass(frozen=True)
class _Trial:
    """One transform on inputs that are fitted to (bytes) and held out (errors)."""

    pairs: FeaturePairs
    network: Restoration
    transform: ChannelTransform

    def steps(self, ladder: Sequence[CodedStep]) -> list[tuple[CodedStep, CodedStep]]:
        """Each step of the tensor and of its components at one share of a deviation, with their bytes."""
        floats = self.pairs.fitted
        components = [self.transform.components(values) for values in floats]
        samples, ends = _samples(components), (_least(components), -_least([-each for each in components]))
        scale = float(np.std(samples) / (np.std(_samples(floats)) or 1.0))
        similar = [(step, similar_step(step, samples, ends, scale)) for step in ladder]
        plain = self._sized([step for step, own in similar if own is not None], floats)
        own = self._sized([own for _, own in similar if own is not None], components)
        return list(zip(plain, own, strict=True))

    def saves(self, both: Sequence[tuple[CodedStep, CodedStep]]) -> bool:
        """Whether components take fewer bytes at the error of the tensor's own codes."""
        probed = [pair for pair in both if not _is_moved(pair[0])][_PROBED]
        if len(probed) < 2 or min(step.wire_bytes for pair in probed for step in pair) <= 0:
            return False
        sizes = [plain.wire_bytes for plain, _ in probed]
        errors = [self._error(plain, False) for plain, _ in probed]
        others = [(own.wire_bytes, self._error(own, True)) for _, own in probed]
        if min((*errors, *(error for _, error in others))) <= 0:
            return False
        order = np.argsort(errors)
        known = np.log(np.asarray(errors)[order]), np.log(np.asarray(sizes)[order])
        shares = [size / np.exp(np.interp(np.log(error), *known)) for size, error in others]
        return float(np.median(shares)) <= _LEAST_SAVING

    def kept(self, plain: CodedStep, own: CodedStep, seconds: float) -> TransformedStep | None:
        """A step of the components beside the tensor's own; None where that costs nothing to measure by."""
        error = self._error(plain, False)
        if error <= 0 or plain.wire_bytes <= 0:
            return None
        name, macs = self.network.name, self.transform.channels * self.pairs.fitted_at(0).size
        step = replace(own, restoration=name, transform=name, restore_s=seconds, transform_macs=macs)
        gain, share = self._error(own, True) / error, own.wire_bytes / plain.wire_bytes
        return TransformedStep(plain.code, step, gain, share)

    def _error(self, step: CodedStep, is_component: bool) -> float:
        transform = self.transform if is_component else None
        held = self.pairs.held
        return held.judged(arrived(self.pairs.tensor, step.code, held.floats, transform)).error

    def _sized(self, steps: Sequence[CodedStep], floats: Sequence[Floats32]) -> tuple[CodedStep, ...]:
        some = [floats[index] for index in spread(len(floats), _ENCODED_INPUTS)]
        power = float(np.var(_samples(floats), dtype=np.float64)) or 1.0
        return with_sizes(steps, [coded_sizes(self.pairs.tensor, values, steps) for values in some], power)


def _samples(tensors: Sequence[Floats32]) -> Floats32:
    """Evenly spread values of all, as calibration takes them."""
    values = np.stack(tensors).reshape(-1)
    return values[:: max(1, values.size // SAMPLES)]


def _least(tensors: Sequence[Floats32]) -> float:
    return min(0.0, *(float(values.min()) for values in tensors))


def _is_moved(step: CodedStep) -> bool:
    return step.lagrange_multiplier is not None
