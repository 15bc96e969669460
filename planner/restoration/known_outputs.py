"""Inputs whose outputs are known: what a network's outputs lose where a tensor arrives as something else."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.kernels.restoration.neighbourhoods import Floats32
from evosplit.planner.restoration.cross_validation import folds
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


@dataclass(frozen=True, eq=False)
class KnownOutputs:
    """``crossing`` are the values behind the head of each input, inputs of the network among them.

    ``right`` are the float network's outputs of each, ``names`` which ones there are.
    """

    card: Card | None
    tensor: str
    names: tuple[str, ...]
    tail: Runner
    crossing: tuple[Values, ...]
    right: tuple[Values, ...]

    @property
    def floats(self) -> tuple[Floats32, ...]:
        """The tensor of each input, as it is."""
        return tuple(map(self.float_at, range(len(self.crossing))))

    def float_at(self, index: int) -> Floats32:
        """The tensor of one of them."""
        return np.asarray(self.crossing[index][self.tensor], np.float32)

    def part(self, picked: Sequence[int]) -> KnownOutputs:
        """Some of the inputs."""
        crossing, right = (tuple(all_[index] for index in picked) for all_ in (self.crossing, self.right))
        return replace(self, crossing=crossing, right=right)

    def judged(self, came: Sequence[Floats32]) -> Judged:
        """What the tensors that came, one of each input, do to the outputs. Raises InputError."""
        pairs = zip(self.crossing, came, strict=True)
        made = [self.outputs({**values, self.tensor: array}) for values, array in pairs]
        return Judged(noise_to_signal(self.right, made), self._agreement(made))

    def outputs(self, values: Values) -> Values:
        """The network's outputs behind what crosses. Raises InputError."""
        return _outputs(self.tail, self.names, values)

    def _agreement(self, made: Sequence[Values]) -> float:
        pairs = zip(self.right, made, strict=True)
        return float(np.mean([agreement(self.card, right, answer) for right, answer in pairs]))


def known_outputs(
    graph: Graph, card: Card | None, place: Restorable, crossing: Sequence[Values], threads: int
) -> KnownOutputs:
    """Run the tail on every input's own values. Raises InputError, ModelError."""
    tail = Runner(tail_model(graph, place.cut), threads)
    right = tuple(_outputs(tail, graph.outputs, values) for values in crossing)
    return KnownOutputs(card, place.tensor, graph.outputs, tail, tuple(crossing), right)


def restored_unseen(networks: Sequence[Restoration], decoded: Sequence[Floats32]) -> list[Floats32]:
    """Every input's tensor, restored by the network of its fold, which was fitted to the other ones."""
    made: dict[int, Floats32] = {}
    for network, fold in zip(networks, folds(len(decoded)), strict=True):
        runner = Runner(network.model)
        made |= {index: runner.run({DECODED: decoded[index]})[RESTORED] for index in fold}
    return [made[index] for index in range(len(decoded))]


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


def _outputs(tail: Runner, names: Sequence[str], values: Values) -> Values:
    made = {**values, **tail.run({name: values[name] for name in tail.input_names})}
    return {name: made[name] for name in names}
