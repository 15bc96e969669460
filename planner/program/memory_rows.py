"""Memory constraints: packed weights, and the activations alive at every step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

from evosplit.planner.program.decision_variables import Decisions, Picks
from evosplit.planner.program.milp_arrays import ONE, ZERO, Sum, Terms, added, terms


class Memory:
    """Kilobytes of some decisions."""

    def __init__(self, made: Decisions) -> None:
        self.made = made
        self.costs, self.bounds, self.program = made.costs, made.bounds, made.program

    def variable(self) -> int:
        """Bound m >= packed weights + activations alive at layer l, for every l, in kilobytes."""
        limit = self.bounds.memory_bytes
        # Sizes are whole bytes: a quarter more than the limit admits nothing more, but rounding.
        memory = self.program.variable(0.0, math.inf if limit is None else 1e-3 * (limit + 0.25))
        packed = Sum(1e-3)
        for choice, variable in chain.from_iterable(self.made.weights):
            packed.add(variable, choice.size_bytes)
        weights = self._total(packed.terms)
        paper = self.costs.limits.memory_model == "paper"
        for held in self._largest_tensors() if paper else self._alive():
            self.program.row(added(held, {weights: 1.0, memory: -1.0}), high=0.0)
        return memory

    def _largest_tensors(self) -> Iterator[Terms]:
        """Auto-Split's count: the largest activation alone."""
        yield {}
        for tensor, picks in zip(self.costs.tensors, self.made.activations, strict=True):
            if tensor.producer >= 0 and picks:
                yield _kilobytes(picks)

    def _alive(self) -> Iterator[Terms]:
        """Kilobytes alive at every step.

        A tensor that layer l's step finds alive in one cut is alive at the last edge step before l in every
        cut that stops earlier, so the rows need no switch for layers in the cloud. Outside prefixes, a
        tensor whose last reader in the order lies before l may wait for the cloud: `_waiting` adds those.
        """
        waiting: Terms = {}
        for step in range(len(self.made.x)):
            waiting = self._waiting(step, waiting)
            alive = [
                _kilobytes(picks)
                for tensor, picks in zip(self.costs.tensors, self.made.activations, strict=True)
                if tensor.producer <= step <= tensor.last_use
            ]
            if self.made.x[step] != ZERO or not step:
                yield added(*alive, waiting)

    def _waiting(self, step: int, before: Terms) -> Terms:
        """Kilobytes of tensors that no layer from ``step`` on reads but that cross."""
        done = [
            index
            for index, tensor in enumerate(self.costs.tensors)
            if tensor.consumers and tensor.last_use == step - 1 and self.made.y[index] != ZERO
        ]
        if self.costs.prefix_only or not done:
            return before
        held = added(before, *(_kilobytes(self._held(index)) for index in done))
        return held if self.bounds.layers is not None else {self._total(held): 1.0}

    def _held(self, index: int) -> Picks:
        """h_{t,b} >= a_{t,b} + y_t - 1: tensor t waits for the cloud at b bits."""
        picks, y = self.made.activations[index], self.made.y[index]
        if y == ONE:
            return picks
        if len(picks) == 1:
            return ((picks[0][0], y),)
        waiting = tuple((choice, self.program.variable(0.0, 1.0)) for choice, _ in picks)
        for (_, held), (_, picked) in zip(waiting, picks, strict=True):
            self.program.row(terms((held, 1.0), (picked, -1.0), (y, -1.0)), low=-1.0)
        return waiting

    def _total(self, terms: Terms) -> int:
        if not terms:
            return ZERO
        total = self.program.variable()
        self.program.row(added(terms, {total: -1.0}), high=0.0)
        return total


def _kilobytes(picks: Picks) -> Terms:
    return terms(*((variable, 1e-3 * choice.size_bytes) for choice, variable in picks))
