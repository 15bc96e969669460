"""Inputs held out of the fit: what a network's outputs lose at a step, with and without a restoration."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.kernels.restoration.neighbourhoods import Floats32
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.restoration.network import DECODED, RESTORED, Restoration
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

_TIMED_RUNS: Final = 5
Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Judged:
    """Noise to signal of the outputs, and the mean agreement with the float network."""

    error: float
    agreement: float


class HeldOut:
    """``crossing`` are the values behind the head of each input, inputs of the network among them."""

    def __init__(
        self, graph: Graph, card: Card | None, place: Restorable, crossing: Sequence[Values], threads: int
    ) -> None:
        self._outputs, self._card, self._tensor = graph.outputs, card, place.tensor
        self._crossing = crossing
        self._tail = Runner(tail_model(graph, place.cut), threads)
        self._right = [self.outputs(values) for values in crossing]

    @property
    def floats(self) -> tuple[Floats32, ...]:
        """The tensor of each input, as it is."""
        return tuple(np.asarray(values[self._tensor], np.float32) for values in self._crossing)

    def judged(self, decoded: Sequence[Floats32], restoration: Restoration | None = None) -> Judged:
        """What the decoded tensors do to the outputs, restored or as they are. Raises InputError."""
        restored = decoded if restoration is None else _restored(restoration, decoded)
        pairs = zip(self._crossing, restored, strict=True)
        made = [self.outputs({**values, self._tensor: array}) for values, array in pairs]
        return Judged(noise_to_signal(self._right, made), self._agreement(made))

    def outputs(self, values: Values) -> Values:
        """The network's outputs behind what crosses. Raises InputError."""
        made = {**values, **self._tail.run({name: values[name] for name in self._tail.input_names})}
        return {name: made[name] for name in self._outputs}

    def _agreement(self, made: Sequence[Values]) -> float:
        pairs = zip(self._right, made, strict=True)
        return float(np.mean([agreement(self._card, right, answer) for right, answer in pairs]))


def _restored(restoration: Restoration, decoded: Sequence[Floats32]) -> list[Floats32]:
    runner = Runner(restoration.model)
    return [runner.run({DECODED: values})[RESTORED] for values in decoded]


def run_seconds(restoration: Restoration, decoded: Floats32) -> float:
    """The least seconds of a few runs on one thread; others' load only ever adds. Raises InputError."""
    runner = Runner(restoration.model)
    if not runner.has_nodes:
        raise InputError("a restoration computes nothing")
    seconds = []
    for _ in range(_TIMED_RUNS):
        started_s = time.perf_counter()
        runner.run({DECODED: decoded})
        seconds.append(time.perf_counter() - started_s)
    return min(seconds)
