"""Decision variables of the integer program, and the rows that tie them together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from evosplit.planner.problem.costs import Choice, Costs, TensorCost
from evosplit.planner.program.milp_arrays import ONE, ZERO, Program, terms
from evosplit.planner.program.spending_limits import Bounds

Picks = tuple[tuple[Choice, int], ...]
"""Choices of one thing, each with its variable."""


class Decisions:
    """x (layers), y (tensors that cross), w, a (bits), z and s (ways to send), u (a frame is sent at all)."""

    def __init__(self, costs: Costs, bounds: Bounds) -> None:
        self.costs, self.bounds = costs, bounds
        self.program = Program()
        self.place = {tensor.name: index for index, tensor in enumerate(costs.tensors)}
        self.x = self._layers()
        self.y = [self._crossing(tensor) for tensor in costs.tensors]
        self.weights = tuple(
            self._picks(layer.weights, x) for layer, x in zip(costs.layers, self.x, strict=True)
        )
        self.activations = tuple(
            self._picks(tensor.activation, self.made(tensor.producer)) for tensor in costs.tensors
        )
        self.wire = tuple(
            self._wire(*given) for given in zip(costs.tensors, self.y, self.activations, strict=True)
        )
        self.u = self._uplink()

    def _layers(self) -> list[int]:
        """x_l: layer l runs on the edge. Downward closed: x_reader <= x_producer, or a chain of prefixes."""
        costs, fixed = self.costs, self.bounds.layers
        x = [self._layer(index) for index in range(len(costs.layers))]
        if fixed is not None and any(on_edge != (index in fixed) for index, on_edge in costs.pinned.items()):
            self.program.impossible = True
        if costs.prefix_only:
            edges = {(index, index + 1) for index in range(len(x) - 1)}
        else:
            edges = {(tensor.producer, reader) for tensor in costs.tensors for reader in tensor.consumers}
        for producer, reader in sorted(edges):
            if producer >= 0:
                self.program.row({x[reader]: 1.0, x[producer]: -1.0}, high=0.0)
        return x

    def _layer(self, index: int) -> int:
        fixed = self.bounds.layers
        on_edge = self.costs.pinned.get(index) if fixed is None else index in fixed
        if on_edge is None:
            return self.program.variable(0.0, 1.0, whole=True)
        return ONE if on_edge else ZERO

    def _crossing(self, tensor: TensorCost) -> int:
        """y_t: tensor t crosses. y_t >= x_producer - x_reader for every reader; for a prefix, the last."""
        made = self.made(tensor.producer)
        readers = [self.x[reader] for reader in tensor.consumers]
        if made == ZERO or all(reader == ONE for reader in readers):
            return ZERO
        y = ZERO if not self.costs.may_cross(tensor) else ONE if made == ONE and ZERO in readers else None
        if y == ONE:
            return y
        y = self.program.variable(0.0, 1.0) if y is None else y
        if self.costs.prefix_only and y != ZERO:
            self.program.row(terms((y, 1.0), (made, -1.0), (readers[-1], 1.0)), 0.0, 0.0)
            return y
        self.program.row(terms((y, 1.0), (made, -1.0)), high=0.0)
        for reader in readers:
            self.program.row(terms((y, 1.0), (made, -1.0), (reader, 1.0)), low=0.0)
        return y

    def _picks(self, choices: tuple[Choice, ...], switch: int) -> Picks:
        """One variable per bit-width, which sum to the switch; a lone choice needs none of its own."""
        if switch == ZERO or not choices:
            return ()
        limit = math.inf if self.bounds.error is None else self.bounds.error
        able = [choice for choice in choices if choice.error <= limit]
        if len(able) == 1:
            return ((able[0], switch),)
        picks = tuple((choice, self.program.variable(0.0, 1.0, whole=True)) for choice in able)
        self.program.row(terms((switch, -1.0), *((variable, 1.0) for _, variable in picks)), 0.0, 0.0)
        return picks

    def _wire(self, tensor: TensorCost, y: int, stored: Picks) -> Picks:
        """z_{t,b}: sent at b bits; without further loss where it is stored at b bits or fewer."""
        if y == ZERO:
            return ()
        limit = math.inf if self.bounds.error is None else self.bounds.error
        ways = [way for choice in tensor.wire for way in _ways(choice, stored) if way[0].error <= limit]
        if not ways:
            self.program.row({y: 1.0}, high=0.0)
        picks = self._picks(tuple(choice for choice, _ in ways), y)
        for (_, variable), (choice, stores) in zip(picks, ways, strict=True):
            if stores is not None:
                self.program.row(terms((variable, 1.0), *((store, -1.0) for store in stores)), high=0.0)
            if choice.is_picture:
                self._alone(variable)
        return picks

    def _alone(self, picture: int) -> None:
        """A picture is sent before anything runs: z + x_l <= 1 for the first layers l."""
        fed = {reader for tensor in self.costs.tensors if tensor.producer >= 0 for reader in tensor.consumers}
        for index, x in enumerate(self.x):
            if index not in fed:
                self.program.row(terms((picture, 1.0), (x, 1.0)), high=1.0)

    def _uplink(self) -> int:
        """u: something runs in the cloud, so that a frame is sent: a sink of the graph is not on the edge."""
        read = {tensor.producer for tensor in self.costs.tensors if tensor.consumers}
        last = len(self.x) - 1
        sinks = (
            [last] if self.costs.prefix_only else [index for index in range(last + 1) if index not in read]
        )
        if all(self.x[index] in (ONE, ZERO) for index in sinks):
            return ONE if any(self.x[index] == ZERO for index in sinks) else ZERO
        u = self.program.variable(0.0, 1.0)
        for index in sinks:
            self.program.row(terms((u, 1.0), (self.x[index], 1.0)), low=1.0)
        return u

    def made(self, producer: int) -> int:
        """The variable that says whether a tensor's producer is on the edge."""
        return ONE if producer < 0 else self.x[producer]


def _ways(choice: Choice, stored: Picks) -> Iterator[tuple[Choice, list[int] | None]]:
    """(choice with its error, what the tensor must be stored as: None for anything)."""
    exact = [variable for kept, variable in stored if choice.is_exact(kept.bits)]
    if exact:
        yield replace(choice, error=0.0), None if len(exact) == len(stored) else exact
    if len(exact) < len(stored):
        yield choice, None
