"""Scaling of costs in seconds: another speed of a device, or the share of frames that get there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost


def scaled(costs: Costs, edge: float, cloud: float) -> Costs:
    """Costs with all seconds of either side multiplied."""
    return replace(
        costs,
        frame_s=edge * costs.frame_s,
        prepare_s=edge * costs.prepare_s,
        pack_s=edge * costs.pack_s,
        layers=tuple(scaled_layer(layer, edge, cloud) for layer in costs.layers),
        tensors=tuple(scaled_tensor(tensor, edge, cloud) for tensor in costs.tensors),
    )


def scaled_layer(
    layer: LayerCost, edge: float, cloud: float, joules: float = 1.0, hook_s: float = 0.0
) -> LayerCost:
    """A layer with its seconds multiplied on either side, and its joules; ``hook_s`` more of them."""
    rows = tuple(_row(row, edge, hook_s) for row in layer.edge_s)
    return replace(layer, edge_s=rows, cloud_s=cloud * layer.cloud_s, energy_j=_row(layer.energy_j, joules))


def scaled_tensor(tensor: TensorCost, edge: float, cloud: float) -> TensorCost:
    """A tensor whose coding takes so many times the seconds on either side."""
    return replace(tensor, wire=_choices(tensor.wire, edge, cloud))


def _row(row: Linear, factor: float, added: float = 0.0) -> Linear:
    per_bit = {name: factor * slope for name, slope in row.per_bit.items()}
    return Linear(factor * row.fixed + added, factor * row.per_weight_bit, per_bit)


def _choices(choices: Sequence[Choice], edge: float, cloud: float) -> tuple[Choice, ...]:
    return tuple(
        replace(choice, edge_s=edge * choice.edge_s, cloud_s=cloud * choice.cloud_s) for choice in choices
    )
