"""Linear objective over what a plan spends, and costs as arrays of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.planner.cuts.lagrangian_bounds import Items
from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost
from evosplit.shared.link import Link

Floats = NDArray[np.float64]
_EQUAL: Final = 1e-9
"""Rows are equally large where they differ by no more than this share: rounding."""


@dataclass(frozen=True)
class Measure:
    """What a second on either side, a byte on the wire, a joule, and a frame that is sent count."""

    edge: float
    cloud: float
    byte: float
    joule: float
    frame: float

    def wire(self, costs: Costs, choice: Choice) -> float:
        """Of sending a tensor."""
        return (
            self.edge * costs.sending_s(choice) + self.cloud * choice.cloud_s + self.byte * choice.size_bytes
        )


def measure_for(costs: Costs, link: Link) -> Measure | None:
    """The measure that an objective is; None for throughput, which is a largest of three."""
    if costs.objective == "latency":
        byte = 8 / link.bandwidth_bps
        return Measure(1.0, 1.0, byte, 0.0, link.rtt_s + costs.pack_s + byte * costs.overhead_bytes)
    if costs.objective == "energy" and costs.energy is not None:
        byte_j = costs.energy.uplink_j(1, 8 / link.bandwidth_bps)
        return Measure(0.0, 0.0, byte_j, 1.0, byte_j * costs.overhead_bytes)
    return Measure(0.0, 1.0, 0.0, 0.0, 0.0) if costs.objective == "cloud" else None


def layer_row(layer: LayerCost, measure: Measure, widths: dict[str, int]) -> Linear:
    """A layer's share of the measure from below: of its rows the largest at middling bits, and its joules.

    Of several that are equal there it is the mean, which the largest row is never below either. Those of a
    layer with integer times are equal where all is wide: one alone would see the wide bits of one tensor.
    """
    bits = _middle(layer.weights)
    amounts = [row.fixed + row.per_weight_bit * bits + _read(row, widths) for row in layer.edge_s]
    least = max(amounts) - _EQUAL * abs(max(amounts))
    row = _mean([row for row, amount in zip(layer.edge_s, amounts, strict=True) if amount >= least])
    per_bit = {name: measure.edge * slope for name, slope in row.per_bit.items()}
    for name, slope in layer.energy_j.per_bit.items():
        per_bit[name] = per_bit.get(name, 0.0) + measure.joule * slope
    return Linear(
        measure.edge * row.fixed + measure.joule * layer.energy_j.fixed,
        measure.edge * row.per_weight_bit + measure.joule * layer.energy_j.per_weight_bit,
        per_bit,
    )


def _mean(rows: Sequence[Linear]) -> Linear:
    if len(rows) == 1:
        return rows[0]
    per_bit: dict[str, float] = {}
    for name, slope in (pair for row in rows for pair in row.per_bit.items()):
        per_bit[name] = per_bit.get(name, 0.0) + slope / len(rows)
    fixed, weight = (
        sum(part) / len(rows) for part in zip(*((r.fixed, r.per_weight_bit) for r in rows), strict=True)
    )
    return Linear(fixed, weight, per_bit)


def middle_bits(tensors: Sequence[TensorCost]) -> dict[str, int]:
    """Tensor -> a bit-width in the middle of its choices."""
    return {tensor.name: _middle(tensor.activation) for tensor in tensors}


def padded(rows: Sequence[Sequence[tuple[float, float, float]]]) -> Items:
    """Items from (value, memory, error) of each one's options, the last repeated up to equal width."""
    width = max((len(row) for row in rows), default=1)
    table = np.array([[*row, *(width - len(row)) * [row[-1]]] for row in rows]).reshape(len(rows), width, 3)
    return Items(*(np.ascontiguousarray(table[:, :, part]) for part in range(3)))


def _middle(choices: tuple[Choice, ...]) -> int:
    return sorted(choice.bits for choice in choices)[len(choices) // 2] if choices else 0


def _read(row: Linear, widths: dict[str, int]) -> float:
    return sum(slope * widths[name] for name, slope in row.per_bit.items())
