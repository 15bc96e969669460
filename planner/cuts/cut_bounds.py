"""Lower bounds of all cuts as arrays, at any prices of the limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.cuts.cut_arrays import Geometry, least_slope, slopes_by_tensor
from evosplit.planner.cuts.lagrangian_bounds import Items
from evosplit.planner.cuts.linear_objective import Measure, layer_row, middle_bits, padded
from evosplit.planner.cuts.order_ideals import Matrix
from evosplit.planner.problem.costs import Choice, Costs, TensorCost

Floats = NDArray[np.float64]


class Space:
    """The cuts of a problem, and the options of every layer and tensor in terms of a measure."""

    def __init__(self, costs: Costs, measure: Measure, shape: Geometry) -> None:
        self.costs, self.measure = costs, measure
        self.cuts, self.made, self.crossed = shape.cuts, shape.made, shape.crossed
        self.least = shape.least(measure)
        widths = middle_bits(costs.tensors)
        self.rows = [layer_row(layer, measure, widths) for layer in costs.layers]
        self.slopes = slopes_by_tensor(costs, [dict(row.per_bit) for row in self.rows])
        self.fixed_edge = np.array([row.fixed for row in self.rows])
        self.fixed_cloud = np.array([measure.cloud * layer.cloud_s for layer in costs.layers])
        self.always = measure.edge * costs.always_s
        self._set_options()

    def _set_options(self) -> None:
        costs = self.costs
        self._producer = np.array([tensor.producer for tensor in costs.tensors])
        self._last = np.array([tensor.last_use for tensor in costs.tensors])
        self.weighted = np.array([index for index, layer in enumerate(costs.layers) if layer.weights], int)
        self.weight_items = padded(
            [
                [
                    (self.rows[index].per_weight_bit * choice.bits, choice.size_bytes, choice.error)
                    for choice in costs.layers[index].weights
                ]
                for index in self.weighted
            ]
        )
        inside, outside = [], []
        for index, tensor in enumerate(costs.tensors):
            slopes = self.slopes[index]
            total, least = sum(slopes.values()), least_slope(slopes, tensor)
            inside.append([(total * c.bits, c.size_bytes, c.error) for c in tensor.activation])
            outside.append(self.sent_options(tensor, least, tensor.wire) or [(math.inf, 0.0, 0.0)])
        self.inside, self.outside = padded(inside), padded(outside)

    def sent_options(
        self, tensor: TensorCost, slope: float, wires: tuple[Choice, ...]
    ) -> list[tuple[float, float, float]]:
        """(value, memory, error) of every pair of activation bits and way to send, in that order."""
        return [
            (
                slope * kept.bits + self.measure.wire(self.costs, sent),
                kept.size_bytes,
                kept.error + (0.0 if sent.is_exact(kept.bits) else sent.error),
            )
            for kept in tensor.activation
            for sent in wires
        ]

    def is_hopeless(self, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Per chosen cut: whether even the fewest bytes, or the most accurate options, break a limit."""
        limits, costs = self.costs.limits, self.costs
        cuts, made = self.cuts[chosen], self.made[chosen]
        inside, crossed = made & ~self.crossed[chosen], self.crossed[chosen]
        weights = np.zeros((2, len(costs.layers)))
        if self.weighted.size:
            weights[0, self.weighted] = self.weight_items.memory.min(axis=1)
            weights[1, self.weighted] = self.weight_items.error.min(axis=1)
        error = cuts @ weights[1] + inside @ self.inside.error.min(axis=1)
        error += crossed @ self.outside.error.min(axis=1)
        hopeless = error > limits.error_limit * (1 + 1e-9) + 1e-15
        if limits.memory_bytes is not None:
            sizes = np.array(
                [min(c.size_bytes for c in tensor.activation) for tensor in costs.tensors], float
            )
            held = self._held(chosen, sizes).max(axis=1, initial=0.0)
            hopeless |= cuts @ weights[0] + held > limits.memory_bytes
        return np.asarray(hopeless)

    def at_peak(self, chosen: NDArray[np.int64]) -> Matrix:
        """(chosen cuts, tensors): those alive when the most bytes are, at middling bits.

        Any one step gives a bound; this one is likely the tightest.
        """
        costs = self.costs
        sizes = np.array(
            [tensor.activation[len(tensor.activation) // 2].size_bytes for tensor in costs.tensors], float
        )
        step = self._held(chosen, sizes).argmax(axis=1)[:, None]
        if costs.limits.memory_model == "paper":
            return np.asarray(self.made[chosen] & (step == np.arange(len(sizes))) & (self._producer >= 0))
        alive = (step <= self._last) | self.crossed[chosen]
        return np.asarray(self.made[chosen] & (self._producer <= step) & alive)

    def _held(self, chosen: NDArray[np.int64], sizes: Floats) -> Floats:
        """Bytes of activations per chosen cut and step; in the paper's model, per tensor by itself."""
        made, crossed = self.made[chosen], self.crossed[chosen]
        if self.costs.limits.memory_model == "paper":
            return np.where(made & (self._producer >= 0), sizes, 0.0)
        steps = np.arange(len(self.costs.layers))
        alive = (self._producer[:, None] <= steps) & (steps <= self._last[:, None])
        held = made @ (sizes[:, None] * alive) + crossed @ (sizes[:, None] * (steps > self._last[:, None]))
        idle = ~self.cuts[chosen]
        idle[idle.all(axis=1), 0] = False  # a cut without layers holds the inputs
        held[idle] = -1.0
        return np.asarray(held)

    def bounds(self, chosen: NDArray[np.int64], peak: Matrix, p: float, q: float) -> Floats:
        """A bound per chosen cut at prices ``p`` of a byte and ``q`` of error; ``peak`` from `at_peak`."""
        limits = self.costs.limits
        cuts, made, crossed = self.cuts[chosen], self.made[chosen], self.crossed[chosen]
        edge = self.fixed_edge.copy()
        if self.weighted.size:
            edge[self.weighted] += _cheapest(self.weight_items, p, q)
        always = self.fixed_cloud.sum() + self.measure.frame + self.always
        bound = cuts @ (edge - self.fixed_cloud) + always
        bound[cuts.all(axis=1)] -= self.measure.frame
        for mask, price in ((peak, p), (~peak, 0.0)):
            bound += (made & ~crossed & mask) @ _cheapest(self.inside, price, q)
            bound += (crossed & mask) @ np.nan_to_num(_cheapest(self.outside, price, q), posinf=0.0)
        bound -= q * limits.error_limit
        return np.asarray(bound - p * limits.memory_bytes if limits.memory_bytes is not None else bound)


def _cheapest(items: Items, p: float, q: float) -> Floats:
    return np.asarray((items.value + p * items.memory + q * items.error).min(axis=1))
