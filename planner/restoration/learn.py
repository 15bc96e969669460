"""Learning of the restorations of one tensor: fitted to inputs, chosen and admitted on others.

No weight of the main network is touched, and none of its gradients taken: it is run as it is, to see what a
restoration does to its outputs. A fit that is closer in the tensor's own squared error may be worse there
(few inputs show too little of what they have in common), so only the outputs count.

Where a plan moves codes to save bits, frames of a stream are rounded to nearest all the same. What counts
there is how a restoration does on the kind of codes that it helps least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evosplit.kernels.affine import choose_affine
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.errors.probe_budget import works
from evosplit.kernels.restoration.neighbourhoods import Floats32, Sums, merged, sums_over
from evosplit.kernels.restoration.ridge_fit import Form, fit
from evosplit.planner.restoration.held_out import HeldOut, Judged, run_seconds
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.planner.restoration.restorations import StepRestoration, TensorRestorations
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.restoration.network import Restoration, build_restoration
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model

METHOD: Final = "ridge fits in three forms, by held-out outputs of moved and of nearest codes"
"""How restorations are learned: what was kept and learned otherwise is learned anew."""
MOST_INPUTS: Final = 128
LEAST_INPUTS: Final = 16
_HELD_OUT_EVERY: Final = 4
_MAC_BUDGET: Final = 400e9
"""Multiply-accumulates of passes over the inputs, at about ten passes of the tail for each step."""
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


@dataclass(frozen=True)
class _Pairs:
    """Float features of one tensor, of the inputs to fit to and of those held out."""

    fitted: tuple[Floats32, ...]
    held: HeldOut

    @property
    def is_rectified(self) -> bool:
        """Whether no value lies below zero."""
        return all(float(values.min()) >= 0 for values in (*self.fitted, *self.held.floats))


def enough_inputs(feeds: Sequence[Feeds]) -> bool:
    """Whether there are inputs enough to learn from."""
    return len(feeds) >= LEAST_INPUTS


def learn_restorations(
    graph: Graph,
    card: Card | None,
    place: Restorable,
    ladder: Sequence[CodedStep],
    feeds: Sequence[Feeds],
    threads: int = 1,
) -> Learned:
    """Restorations of a tensor at every step of its ladder where one helps. Raises InputError, ModelError.

    At least `LEAST_INPUTS` inputs; of many or costly ones some are taken, evenly spread.
    """
    pairs = _pairs(graph, card, place, feeds, threads)
    coarse = (step for step in ladder if step.relative >= _LEAST_NOISE)
    kept = [made for step in coarse if (made := _at_step(graph, place.tensor, step, pairs)) is not None]
    known = TensorRestorations(graph.sha256, place.tensor, tuple(step for step, _ in kept))
    return Learned(known, tuple(network for _, network in kept))


def _pairs(
    graph: Graph, card: Card | None, place: Restorable, feeds: Sequence[Feeds], threads: int
) -> _Pairs:
    affordable = int(_MAC_BUDGET / (10 * max(sum(works(graph)), 1.0)))
    picked = spread(len(feeds), max(LEAST_INPUTS, min(MOST_INPUTS, affordable)))
    head = Runner(head_model(graph, place.cut), threads)
    crossing = [_crossing(head, feeds[index]) for index in picked]
    held = [values for index, values in enumerate(crossing) if index % _HELD_OUT_EVERY == 0]
    fitted = [values for index, values in enumerate(crossing) if index % _HELD_OUT_EVERY]
    floats = tuple(np.asarray(values[place.tensor], np.float32) for values in fitted)
    return _Pairs(floats, HeldOut(graph, card, place, held, threads))


def _crossing(head: Runner, feeds: Feeds) -> Mapping[str, np.ndarray]:
    return {**feeds, **head.run({name: feeds[name] for name in head.input_names})}


def _at_step(
    graph: Graph, tensor: str, step: CodedStep, pairs: _Pairs
) -> tuple[StepRestoration, Restoration] | None:
    """The best of the forms, fitted to all inputs at last; None where it does not help enough."""
    held = [_decoded(tensor, code, pairs.held.floats) for code in _sent_as(step.code)]
    plain, without = held[0], pairs.held.judged(held[0])
    if without.error <= 0:
        return None
    fitted = _decoded(tensor, step.code, pairs.fitted)
    frame = _Frame(graph, tensor, step, _reach(fitted, pairs.fitted), pairs.is_rectified)
    sums = sums_over(zip(fitted, pairs.fitted, strict=True), plain[0].shape[1])
    tried = [(_worst(pairs.held, held, frame.network(sums, *form)), form) for form in _FORMS]
    best, form = min(tried, key=lambda pair: pair[0].error)
    gain = best.error / without.error
    if gain > _LEAST_GAIN or best.agreement < without.agreement - 1 / len(plain):  # one input may change
        return None
    more = sums_over(zip(plain, pairs.held.floats, strict=True), sums.channels)
    network = frame.network(merged(sums, more), *form)
    seconds = run_seconds(network, plain[0])
    return StepRestoration(step.code, network.name, gain, seconds), network


def _sent_as(code: TensorCode) -> tuple[TensorCode, ...]:
    """The code as single frames have it, and where these move codes as frames of a stream have it."""
    if code.lagrange_multiplier is None:
        return (code,)
    return (code, replace(code, lagrange_multiplier=None))


def _worst(held: HeldOut, decoded: Sequence[Sequence[Floats32]], restoration: Restoration) -> Judged:
    """What a restoration does on the kind of codes that it helps least."""
    judged = [held.judged(kind, restoration) for kind in decoded]
    return Judged(max(each.error for each in judged), min(each.agreement for each in judged))


@dataclass(frozen=True)
class _Frame:
    """All of a restoration but its weights; ``rounding`` is the largest usual rounding error."""

    graph: Graph
    tensor: str
    step: CodedStep
    rounding: float
    is_rectified: bool

    def network(self, sums: Sums, form: Form, shrinkage: float) -> Restoration:
        """With weights fitted to sums."""
        made, step = fit(sums, form, shrinkage), self.step
        width = float(choose_affine(step.low, step.high, step.bits).scales[0])
        reach, shape = max(width / 2, self.rounding), self.graph.tensors[self.tensor].shape
        return build_restoration(
            self.graph.sha256, self.tensor, shape, width, made.kernels, made.bias, reach, self.is_rectified
        )


def _reach(decoded: Sequence[Floats32], floats: Sequence[Floats32]) -> float:
    few = spread(len(floats), _REACH_INPUTS)
    return max(float(np.quantile(np.abs(floats[index] - decoded[index]), _RARE)) for index in few)


def _decoded(tensor: str, code: TensorCode, floats: Sequence[Floats32]) -> list[Floats32]:
    """What arrives of a tensor, of each input."""
    arrived = (decode_tensor(encode_tensor(tensor, values, code)) for values in floats)
    return [values.astype(np.float32, copy=False) for values in arrived]
