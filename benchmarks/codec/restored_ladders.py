"""Ladders of a boundary behind restorations, learned from calibration alone, and tails behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import onnx

from benchmarks.codec.codec_cases import CodecCase
from benchmarks.codec.codec_ways import Way
from benchmarks.codec.tensor_ladders import Ladder
from evosplit.planner.restoration.learn import learn_restorations
from evosplit.planner.restoration.restorable_tensors import Restorable, can_be_restored
from evosplit.planner.restoration.restorations import with_restored
from evosplit.shared.graph import Cut
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model


@dataclass(frozen=True)
class RestoredBoundary:
    """Ladders by tensor, the networks that they name, and the tail without any."""

    ladders: Mapping[str, Ladder]
    networks: Mapping[str, Restoration]
    tail: onnx.ModelProto

    def runner(self, way: Way, threads: int) -> Runner:
        """The tail behind the restorations of a way."""
        names = [code.restoration for code in way.codes.values() if code.restoration is not None]
        return Runner(restored_tail(self.tail, [self.networks[name] for name in names]), threads)


def restored_boundary(
    case: CodecCase, cut: Cut, ladders: Mapping[str, Ladder], threads: int
) -> RestoredBoundary:
    """Learned for every tensor that can be restored; the ladder of a single one has restored steps alone."""
    tail = tail_model(case.graph, cut)
    networks: dict[str, Restoration] = {}
    restored = dict(ladders)
    for name, ladder in ladders.items():
        if can_be_restored(case.graph, tail, name):
            place = Restorable(cut, name)
            learned = learn_restorations(
                case.graph, case.card, place, ladder.steps, case.calibration, threads
            )
            networks |= {network.name: network for network in learned.networks}
            every = with_restored(ladder.steps, learned.known)
            steps = every[len(ladder.steps) :] if len(ladders) == 1 else every
            restored[name] = replace(ladder, steps=steps or ladder.steps)
    return RestoredBoundary(restored, networks, tail)
