"""Learning of the restorations of one tensor: fitted to inputs, chosen and admitted on others.

No weight of the main network is touched, and none of its gradients taken: it is run as it is, to see what a
restoration does to its outputs. A fit that is closer in the tensor's own squared error may be worse there
(few inputs show too little of what they have in common), so only the outputs count. Where components of the
tensor take fewer bytes (`evosplit.planner.restoration.transforms`), what becomes of them is restored, too.

Where a plan moves codes to save bits, frames of a stream are rounded to nearest all the same. What counts
there is how a restoration does on the kind of codes that it helps least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.affine import choose_affine
from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.restoration.neighbourhoods import Floats32, Sums, merged, sums_over
from evosplit.kernels.restoration.ridge_fit import Form, fit
from evosplit.planner.restoration.feature_pairs import FeaturePairs, arrived, feature_pairs, sent_as
from evosplit.planner.restoration.held_out import HeldOut, Judged, run_seconds
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.planner.restoration.restorations import StepRestoration, TensorRestorations
from evosplit.planner.restoration.transforms import learn_transform
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.restoration.network import Restoration, build_restoration
from evosplit.shared.restoration.transform import ChannelTransform

METHOD: Final = "ridge fits in three forms, by held-out outputs of moved and of nearest codes, and transforms"
"""How restorations are learned: what was kept and learned otherwise is learned anew."""
_FORMS: Final[tuple[tuple[Form, float], ...]] = (
    ("own", 0.1),
    ("separable", 0.1),
    ("full", 0.1),
)
"""Form and shrinkage of what is tried."""
_LEAST_GAIN: Final = 0.9
"""The output's error has to fall to this share of what it was, or less."""
_LEAST_NOISE: Final = 0.01
"""Relative noise: at a step of a third of a standard deviation there is little left to restore."""
_RARE: Final = 0.999
"""Corrections reach as far as this share of the rounding errors, seen on a few inputs."""
_REACH_INPUTS: Final = 8


@dataclass(frozen=True)
class Learned:
    """What was kept, as data and as networks."""

    known: TensorRestorations
    networks: tuple[Restoration, ...]


def learn_restorations(
    graph: Graph,
    card: Card | None,
    place: Restorable,
    ladder: Sequence[CodedStep],
    feeds: Sequence[Feeds],
    threads: int = 1,
) -> Learned:
    """The transform of a tensor, where one saves bytes, and restorations at every step where one helps.

    At least `evosplit.planner.restoration.feature_pairs.LEAST_INPUTS` inputs; of many or costly ones some are
    taken, evenly spread. Raises InputError, ModelError.
    """
    pairs = feature_pairs(graph, card, place, feeds, threads)
    learned = learn_transform(graph, ladder, pairs)
    transformed = () if learned is None else learned.steps
    how = None if learned is None else learned.transform
    tried = (
        *(_Frame(graph, step, pairs) for step in ladder),
        *(_Frame(graph, each.step, pairs, how) for each in transformed),
    )
    coarse = (frame for frame in tried if frame.step.relative >= _LEAST_NOISE)
    kept = [made for frame in coarse if (made := _at_step(frame)) is not None]
    known = TensorRestorations(graph.sha256, place.tensor, tuple(step for step, _ in kept), transformed)
    undoing = () if learned is None else (learned.network,)
    return Learned(known, (*undoing, *(network for _, network in kept)))


@dataclass(frozen=True)
class _Frame:
    """All of a restoration but its weights: one step of a tensor, or of its components by a ``transform``."""

    graph: Graph
    step: CodedStep
    pairs: FeaturePairs
    transform: ChannelTransform | None = None

    def arrived(self, code: TensorCode, floats: Sequence[Floats32]) -> list[Floats32]:
        """What arrives of the tensor in a code, of each input."""
        return arrived(self.pairs.tensor, code, floats, self.transform)

    def network(
        self, sums: Sums, form: tuple[Form, float], rounding: float, undoes: bool = False
    ) -> Restoration:
        """With weights fitted to sums; ``undoes`` the transform first, where there is one.

        ``rounding`` is the largest usual rounding error.
        """
        undone = None
        if undoes and self.transform is not None:
            undone = (self.transform.inverse, self.transform.mean)
        made, tensor = fit(sums, *form), self.pairs.tensor
        shape = self.graph.tensors[tensor].shape
        width = float(choose_affine(self.step.low, self.step.high, self.step.bits).scales[0])
        return build_restoration(
            *(self.graph.sha256, tensor, shape, width, made.kernels, made.bias, max(width / 2, rounding)),
            is_rectified=self.pairs.is_rectified,
            undone=undone,
        )


def _at_step(frame: _Frame) -> tuple[StepRestoration, Restoration] | None:
    """The best of the forms, fitted to all inputs at last; None where it does not help enough."""
    pairs, code = frame.pairs, frame.step.code
    held = [frame.arrived(kind, pairs.held.floats) for kind in sent_as(code)]
    plain, without = held[0], pairs.held.judged(held[0])
    if without.error <= 0:
        return None
    fitted = frame.arrived(code, pairs.fitted)
    rounding = _reach(fitted, pairs.fitted)
    sums = sums_over(zip(fitted, pairs.fitted, strict=True), plain[0].shape[1])
    tried = [(_worst(pairs.held, held, frame.network(sums, form, rounding)), form) for form in _FORMS]
    best, form = min(tried, key=lambda pair: pair[0].error)
    gain = best.error / without.error
    if gain > _LEAST_GAIN or best.agreement < without.agreement - 1 / len(plain):  # one input may change
        return None
    more = sums_over(zip(plain, pairs.held.floats, strict=True), sums.channels)
    network = frame.network(merged(sums, more), form, rounding, undoes=True)
    seconds = run_seconds(network, plain[0])
    return StepRestoration(code, network.name, gain, seconds), network


def _worst(held: HeldOut, decoded: Sequence[Sequence[Floats32]], restoration: Restoration) -> Judged:
    """What a restoration does on the kind of codes that it helps least."""
    judged = [held.judged(kind, restoration) for kind in decoded]
    return Judged(max(each.error for each in judged), min(each.agreement for each in judged))


def _reach(decoded: Sequence[Floats32], floats: Sequence[Floats32]) -> float:
    few = spread(len(floats), _REACH_INPUTS)
    return max(float(np.quantile(np.abs(floats[index] - decoded[index]), _RARE)) for index in few)
