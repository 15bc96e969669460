"""Search of `evosplit.planner.baselines.auto_split`: candidate cuts, and bits for each within the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.baselines.auto_split_items import EDGE_BITS, Items, activation_items, weight_items
from evosplit.planner.baselines.float_costs import raw_wire_bytes
from evosplit.planner.baselines.lagrangian import Bits, Floats
from evosplit.planner.baselines.uniform import activation_bits
from evosplit.planner.problem import Problem
from evosplit.shared.graph import Cut, prefix_cuts
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.weight_sizes import layer_weight_bytes

SHARES: Final = tuple(part / 8 for part in range(1, 8))
"""Shares of the memory that activations are tried with; weights get the rest."""
_NO_LIMIT_BYTES: Final = 1e18


class Search:
    """Steps 1 to 3 over one problem; ``floats``: the edge holds activations in float32 whatever is sent."""

    def __init__(self, problem: Problem) -> None:
        limit = problem.limits.memory_bytes
        self._graph = problem.graph
        self._memory_bytes = _NO_LIMIT_BYTES if limit is None else float(limit)
        self.weights, self.activations = weight_items(problem), activation_items(problem)
        self.floats = activation_bits(problem, 8) == FLOAT_BITS
        # Bytes by (price, number of items): what the weights need, and the largest activation.
        self._weight_bytes = _running(np.add, self.weights, self.weights.offers)
        self._peak_bytes = _running(np.maximum, self.activations, self.held(self.activations.offers))
        self._fixed_bytes = _fixed_bytes(problem, self.weights)

    def held(self, activations: Bits) -> Bits:
        """The bits that activations have in edge memory."""
        return np.full_like(activations, FLOAT_BITS) if self.floats else activations

    def candidates(self) -> list[Cut]:
        """Cuts with T_n <= T_0 whose head fits at the lowest bits; not the cloud alone."""
        raw_bytes = self.sent_bytes(prefix_cuts(self._graph)[0], self.activations.offers[-1:])[0]
        lowest = np.full((1, len(self.activations.names)), EDGE_BITS[0])
        return [
            cut
            for cut in prefix_cuts(self._graph)[1:]
            if self.sent_bytes(cut, lowest)[0] <= raw_bytes
            and self._least_bytes(len(cut.layers)) <= self._memory_bytes
        ]

    def sent(self, cut: Cut) -> NDArray[np.bool_]:
        """Which activations cross."""
        return np.isin(self.activations.names, cut.boundary)

    def sent_bytes(self, cut: Cut, activations: Bits) -> Floats:
        """T_n in bytes (assignments,); inputs as 8-bit pictures, integers as they are."""
        sent = self.sent(cut)
        plain = set(cut.boundary).difference(self.activations.names)
        float_bytes: Floats = activations[:, sent] @ self.activations.elements[sent] / 8
        return float_bytes + sum(raw_wire_bytes(self._graph, name) for name in plain)

    def bits(self, cut: Cut) -> tuple[Bits, Bits]:
        """All distinct (weights, activations) of a cut: for each split of the memory, and what is sent."""
        distinct: dict[bytes, tuple[Bits, Bits]] = {}
        stop = len(cut.layers)
        for share in SHARES:
            spare = (1 - share) * self._memory_bytes - self._fixed_bytes[stop]
            fitting = np.flatnonzero(self._weight_bytes[:, self.weights.before(stop)] <= spare)
            for price in fitting[:1]:
                weights = self.weights.offers[price]
                for activations in self._activations(cut, share * self._memory_bytes):
                    distinct[weights.tobytes() + activations.tobytes()] = weights, activations
        shapes = (0, len(self.weights.names)), (0, len(self.activations.names))
        if not distinct:
            return np.zeros(shapes[0], np.int64), np.zeros(shapes[1], np.int64)
        weights_found, activations_found = zip(*distinct.values(), strict=True)
        return np.stack(weights_found), np.stack(activations_found)

    def _least_bytes(self, stop: int) -> float:
        peak_bytes = self._peak_bytes[-1, self.activations.before(stop)]
        weight_bytes = self._weight_bytes[-1, self.weights.before(stop)]
        return float(self._fixed_bytes[stop] + weight_bytes + peak_bytes)

    def _activations(self, cut: Cut, budget_bytes: float) -> Iterator[Bits]:
        """One assignment for each way to send the boundary: the most bits that fit the budget."""
        peaks = self._peak_bytes[:, self.activations.before(len(cut.layers))]
        sent = self.sent(cut)
        seen: set[bytes] = set()
        for price in np.flatnonzero(peaks <= budget_bytes):
            bits = self.activations.offers[price]
            if bits[sent].tobytes() not in seen:
                seen.add(bits[sent].tobytes())
                yield self._raised(bits, sent, peaks[price])

    def _raised(self, bits: Bits, sent: NDArray[np.bool_], peak_bytes: float) -> Bits:
        """Everything that is not sent gets the most bits that keep it below the peak."""
        raised = bits.copy()
        for width in EDGE_BITS:
            raised[~sent & (self.activations.elements * width / 8 <= peak_bytes) & (raised < width)] = width
        return raised


def _running(add: np.ufunc, items: Items, bits: Bits) -> Floats:
    """Bytes added up (or their maximum) over the first 0, 1, ... items, for each price."""
    sizes = items.elements * bits / 8
    totals: Floats = add.accumulate(np.pad(sizes, ((0, 0), (1, 0))), axis=1)
    return totals


def _fixed_bytes(problem: Problem, weights: Items) -> Floats:
    """Bytes of the first 0, 1, ... layers that no choice of bits changes: biases, scales, small weights."""
    lowest = EDGE_BITS[0]
    fixed = np.array([sizes[lowest] for sizes in layer_weight_bytes(problem.graph, EDGE_BITS)], np.float64)
    fixed[weights.layer] -= weights.elements * lowest / 8
    return np.concatenate([[0.0], np.cumsum(fixed)])
