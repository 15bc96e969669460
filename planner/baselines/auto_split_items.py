"""Quantisable items of Auto-Split's search: weights of layers, and the activations that they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.planner.baselines.lagrangian import Bits, Floats, assignments_by_price
from evosplit.planner.problem import Problem
from evosplit.shared.weight_sizes import initialisers, quantised_weights

EDGE_BITS: Final = (2, 4, 6, 8)
"""The published bit list."""


@dataclass(frozen=True)
class Items:
    """Things with bits, in execution order; ``layer`` holds or makes each, and counts ``elements``.

    ``offers`` (prices, items) are their Lagrangian assignments, most bits first. ``error`` (items, 9), by
    bit-width, is what the user's threshold looks at; the search itself minimises the plain MSE.
    """

    names: tuple[str, ...]
    layer: Bits
    elements: Floats
    error: Floats
    offers: Bits

    def before(self, stop: int) -> int:
        """How many belong to the first ``stop`` layers."""
        return int(np.searchsorted(self.layer, stop))

    def errors(self, bits: Bits) -> Floats:
        """``error`` of every item at ``bits`` (assignments, items)."""
        at_bits: Floats = self.error[np.arange(len(self.names)), bits]
        return at_bits


def weight_items(problem: Problem) -> Items:
    """One per layer with weights to quantise."""
    stored, packed = initialisers(problem.graph), quantised_weights(problem.graph)
    tables = problem.errors.weights
    return _items(
        (
            layer.name,
            layer.index,
            sum(math.prod(stored[name].dims) for name in packed[layer.name]),
            tables[layer.name].mse,
            tables[layer.name].error,
        )
        for layer in problem.graph.layers
        if layer.name in packed
    )


def activation_items(problem: Problem) -> Items:
    """One per float tensor that a layer makes."""
    graph, tables = problem.graph, problem.errors.activations
    return _items(
        (name, layer.index, graph.tensors[name].elements, tables[name].mse, tables[name].error)
        for layer in graph.layers
        for name in layer.outputs
        if name in tables
    )


def _items(rows: Iterable[tuple[str, int, int, Mapping[int, float], Mapping[int, float]]]) -> Items:
    listed = list(rows)
    elements = np.array([row[2] for row in listed], np.float64)
    mse = np.array([[row[3][bits] for bits in EDGE_BITS] for row in listed], np.float64)
    error = np.zeros((len(listed), max(EDGE_BITS) + 1))
    for item, row in enumerate(listed):
        error[item, EDGE_BITS] = [row[4][bits] for bits in EDGE_BITS]
    offers = assignments_by_price(mse.reshape(-1, len(EDGE_BITS)), elements, np.array(EDGE_BITS))
    return Items(
        tuple(row[0] for row in listed),
        np.array([row[1] for row in listed], np.int64),
        elements,
        error,
        offers,
    )
