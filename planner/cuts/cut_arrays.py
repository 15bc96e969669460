"""Cuts of a problem as arrays: what each holds and sends, and the least that it takes of everything.

Nothing here depends on the link, so that one geometry serves every bandwidth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.cuts.linear_objective import Measure, layer_row, middle_bits
from evosplit.planner.cuts.order_ideals import Matrix, cut_matrix
from evosplit.planner.problem.costs import Costs, TensorCost
from evosplit.planner.problem.linear_bounds import ends

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """Per cut, those that pins and depth allow: (cuts, layers) on the edge, (cuts, tensors) there, crossing.

    ``edge_s``, ``cloud_s``, ``sent_bytes`` (without the frame's own) and ``joules`` are the least that every
    cut can take, each thing with its cheapest option, limits left out.
    """

    cuts: Matrix
    made: Matrix
    crossed: Matrix
    whole: NDArray[np.bool_]
    edge_s: Floats
    cloud_s: Floats
    sent_bytes: Floats
    joules: Floats

    def least(self, measure: Measure) -> Floats:
        """A lower bound per cut in terms of a measure."""
        bound = np.where(self.whole, 0.0, measure.frame)
        for factor, amount in (
            (measure.edge, self.edge_s),
            (measure.cloud, self.cloud_s),
            (measure.byte, self.sent_bytes),
            (measure.joule, self.joules),
        ):
            if factor:
                bound += factor * amount
        return np.asarray(bound)


def geometry(costs: Costs) -> Geometry | None:
    """The geometry of a problem; None when it has too many cuts to look at each."""
    cuts = cut_matrix(costs)
    return None if cuts is None else shape_of(costs, cuts)


def shape_of(costs: Costs, cuts: Matrix) -> Geometry:
    """The geometry of given cuts, without those that send what is too raw."""
    made, crossed = _flows(costs, cuts)
    too_raw = [index for index, tensor in enumerate(costs.tensors) if not costs.may_cross(tensor)]
    if too_raw:
        keep = ~crossed[:, too_raw].any(axis=1)
        cuts, made, crossed = (np.asfortranarray(matrix[keep]) for matrix in (cuts, made, crossed))
    inside = made & ~crossed
    edge_s, joules = (
        _least(costs, cuts, inside, crossed, Measure(float(part == 0), 0.0, 0.0, float(part == 1), 0.0))
        for part in range(2)
    )
    cloud_s = np.full(len(cuts), sum(layer.cloud_s for layer in costs.layers))
    add_columns(cloud_s, cuts, np.array([-layer.cloud_s for layer in costs.layers]))
    add_columns(cloud_s, crossed, np.array([_smallest(tensor, "cloud_s") for tensor in costs.tensors]))
    sent_bytes = np.zeros(len(cuts))
    add_columns(sent_bytes, crossed, np.array([_smallest(tensor, "size_bytes") for tensor in costs.tensors]))
    return Geometry(cuts, made, crossed, np.asarray(cuts.all(axis=1)), edge_s, cloud_s, sent_bytes, joules)


def _flows(costs: Costs, cuts: Matrix) -> tuple[Matrix, Matrix]:
    """(cuts, tensors): which are there on the edge, and which cross."""
    made = np.ones((len(cuts), len(costs.tensors)), bool, order="F")
    crossed = np.zeros_like(made)
    for index, tensor in enumerate(costs.tensors):
        if tensor.producer >= 0:
            made[:, index] = cuts[:, tensor.producer]
        if tensor.consumers:
            read = cuts[:, tensor.consumers[0]]
            for reader in tensor.consumers[1:]:
                read = read & cuts[:, reader]
            crossed[:, index] = made[:, index] & ~read
    return made, crossed


def _least(costs: Costs, cuts: Matrix, inside: Matrix, crossed: Matrix, measure: Measure) -> Floats:
    """The least of the edge's own share of a measure.

    A layer takes no less than any one of its rows, and the sum of one row of each is linear in the bits of
    every thing, whatever the signs: what a thing adds is least at its fewest bits or at its most. Of a tensor
    that crosses, the layers that read it on the edge differ from cut to cut: `least_slope` is below them all.
    """
    widths = middle_bits(costs.tensors)
    rows = [layer_row(layer, measure, widths) for layer in costs.layers]
    total = np.full(len(cuts), measure.edge * costs.always_s)
    fixed = [
        row.fixed + ends(row.per_weight_bit, layer.weights)[0]
        for layer, row in zip(costs.layers, rows, strict=True)
    ]
    add_columns(total, cuts, np.array(fixed))
    slopes = slopes_by_tensor(costs, [dict(row.per_bit) for row in rows])
    whole = [
        ends(sum(slope.values()), tensor.activation)[0]
        for slope, tensor in zip(slopes, costs.tensors, strict=True)
    ]
    sent = [
        ends(least_slope(slope, tensor), tensor.activation)[0] + measure.edge * _quickest(costs, tensor)
        for slope, tensor in zip(slopes, costs.tensors, strict=True)
    ]
    add_columns(total, inside, np.array(whole))
    add_columns(total, crossed, np.array(sent))
    return total


def slopes_by_tensor(costs: Costs, per_bit: list[dict[str, float]]) -> list[dict[int, float]]:
    """Per tensor: layer -> what each of the tensor's bits adds to that layer."""
    slopes: list[dict[int, float]] = [{} for _ in costs.tensors]
    places = {tensor.name: index for index, tensor in enumerate(costs.tensors)}
    for layer, slopes_of_layer in enumerate(per_bit):
        for name, slope in slopes_of_layer.items():
            slopes[places[name]][layer] = slope
    return slopes


def least_slope(slopes: Mapping[int, float], tensor: TensorCost) -> float:
    """The least that a bit of a tensor that crosses adds in any cut.

    Its producer is on the edge, of the layers that read it any: none that a bit slows down, all that it
    speeds up.
    """
    own = slopes.get(tensor.producer, 0.0)
    return own + sum(min(slope, 0.0) for layer, slope in slopes.items() if layer != tensor.producer)


def add_columns(total: Floats, matrix: Matrix, factors: Floats) -> None:
    """Add ``matrix @ factors``, column by column: a product would first turn it all into floats."""
    for column in np.flatnonzero(factors):
        total += matrix[:, column] * factors[column]


def _quickest(costs: Costs, tensor: TensorCost) -> float:
    return min((costs.sending_s(choice) for choice in tensor.wire), default=0.0)


def _smallest(tensor: TensorCost, what: str) -> float:
    return float(min((getattr(choice, what) for choice in tensor.wire), default=0.0))
