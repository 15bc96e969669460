"""Ladders of a boundary of components and behind restorations, learned from calibration, and their tails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import onnx

from benchmarks.codec.codec_cases import CodecCase
from benchmarks.codec.codec_ways import Way
from benchmarks.codec.tensor_ladders import Ladder
from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.planner.restoration.learn import learn_restorations
from evosplit.planner.restoration.restorable_tensors import Restorable, can_be_restored
from evosplit.planner.restoration.restorations import with_restored
from evosplit.shared.graph import Cut
from evosplit.shared.restoration.network import ANY_STEP, Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.restoration.transform import ChannelTransform, transform_of
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

KINDS: Final = ("transformed", "restored", "both")
"""Components of channels, steps behind restorations, and components behind these."""


@dataclass(frozen=True)
class RestoredBoundary:
    """Ladders by kind and tensor, the networks that they name, and the tail without any."""

    ladders: Mapping[str, Mapping[str, Ladder]]
    networks: Mapping[str, Restoration]
    tail: onnx.ModelProto

    @cached_property
    def transforms(self) -> Mapping[str, ChannelTransform]:
        """What components are made by, by name."""
        undoing = (network for network in self.networks.values() if network.step == ANY_STEP)
        return {network.name: transform_of(network) for network in undoing}

    def way(self, way: Way) -> Way:
        """A way with what makes its components."""
        return replace(way, transforms=self.transforms)

    def runner(self, way: Way, threads: int) -> Runner:
        """The tail behind the restorations of a way."""
        names = [code.restoration for code in way.codes.values() if code.restoration is not None]
        return Runner(restored_tail(self.tail, [self.networks[name] for name in names]), threads)


def restored_boundary(
    case: CodecCase, cut: Cut, ladders: Mapping[str, Ladder], threads: int
) -> RestoredBoundary:
    """Learned for every tensor that can be restored; the ladder of a single one has such steps alone."""
    tail = tail_model(case.graph, cut)
    networks: dict[str, Restoration] = {}
    every = {kind: dict(ladders) for kind in KINDS}
    for name, ladder in ladders.items():
        if can_be_restored(case.graph, tail, name):
            place = Restorable(cut, name)
            learned = learn_restorations(
                case.graph, case.card, place, ladder.steps, case.calibration, threads
            )
            networks |= {network.name: network for network in learned.networks}
            steps = with_restored(ladder.steps, learned.known)[len(ladder.steps) :]
            for kind in KINDS:
                own = tuple(step for step in steps if _is_of(kind, step))
                usual = () if len(ladders) == 1 else ladder.steps
                every[kind][name] = replace(ladder, steps=(*usual, *own))
    learned_kinds = {kind: own for kind, own in every.items() if _is_other(own, ladders)}
    return RestoredBoundary(learned_kinds, networks, tail)


def _is_of(kind: str, step: CodedStep) -> bool:
    has = (step.transform is not None, step.is_corrected)
    return has == (kind != "restored", kind != "transformed")


def _is_other(own: Mapping[str, Ladder], ladders: Mapping[str, Ladder]) -> bool:
    """Whether anything of the kind was learned."""
    return any(ladder.steps and ladder != ladders[name] for name, ladder in own.items())
