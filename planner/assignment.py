"""A decision on every variable, and what it costs. The arithmetic of docs/planner.md, without a solver."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from planner.costs import Choice, Costs, TensorCost
from shared.link import Link
from shared.plan import Latency


@dataclass(frozen=True)
class Assignment:
    """Layers on the edge, and bits by layer name (weights) and tensor name (activations, wire)."""

    layers: frozenset[int]
    weights: Mapping[str, int]
    activations: Mapping[str, int]
    wire: Mapping[str, int]


@dataclass(frozen=True)
class Spending:
    """What an assignment costs; seconds without the link, whose share is rtt + 8 wire_bytes / bandwidth."""

    edge_s: float
    cloud_s: float
    wire_bytes: int
    memory_bytes: int
    error: float

    def latency(self, link: Link) -> Latency:
        """Seconds of one frame over a link; nothing is sent when all layers are on the edge."""
        return Latency(self.edge_s, link.uplink_s(self.wire_bytes) if self.wire_bytes else 0.0, self.cloud_s)


def crosses(tensor: TensorCost, layers: frozenset[int]) -> bool:
    """Whether a tensor is made on the edge (or given) and read in the cloud."""
    made = tensor.producer < 0 or tensor.producer in layers
    return made and any(reader not in layers for reader in tensor.consumers)


def spending(costs: Costs, chosen: Assignment) -> Spending:
    """The exact cost of an assignment."""
    picked = _picked(costs, chosen)
    layers = chosen.layers
    crossing = [tensor for tensor in costs.tensors if crosses(tensor, layers)]
    sent = sum(_choice(tensor.wire, chosen.wire[tensor.name]).size_bytes for tensor in crossing)
    any_cloud = len(layers) < len(costs.layers)
    return Spending(
        edge_s=sum(costs.layers[index].edge_s for index in layers)
        + sum(choice.edge_s for choice in picked)
        + sum(tensor.encode_s for tensor in crossing),
        cloud_s=sum(layer.cloud_s for index, layer in enumerate(costs.layers) if index not in layers)
        + sum(tensor.decode_s for tensor in crossing),
        wire_bytes=sent + costs.overhead_bytes if any_cloud else 0,
        memory_bytes=_weight_bytes(costs, chosen) + peak_bytes(costs, chosen),
        error=sum(choice.error for choice in picked)
        + sum(_choice(tensor.wire, chosen.wire[tensor.name]).error for tensor in crossing),
    )


def peak_bytes(costs: Costs, chosen: Assignment) -> int:
    """The most bytes of activations alive at once while the edge layers run in order.

    A tensor lives from the layer that makes it to its last reader, and to the end when it crosses the cut
    or is an output of the model.
    """
    held = [
        (tensor.producer, _dies(tensor, chosen.layers), _activation_bytes(tensor, chosen))
        for tensor in costs.tensors
        if tensor.producer < 0 or tensor.producer in chosen.layers
    ]
    steps = sorted(chosen.layers) or [0]
    return max(sum(size for born, dies, size in held if born <= step <= dies) for step in steps)


def _dies(tensor: TensorCost, layers: frozenset[int]) -> float:
    return math.inf if crosses(tensor, layers) else tensor.last_use


def _activation_bytes(tensor: TensorCost, chosen: Assignment) -> int:
    return _choice(tensor.activation, chosen.activations[tensor.name]).size_bytes


def _weight_bytes(costs: Costs, chosen: Assignment) -> int:
    return sum(
        _choice(costs.layers[index].weights, chosen.weights[costs.layers[index].name]).size_bytes
        for index in chosen.layers
        if costs.layers[index].weights
    )


def _picked(costs: Costs, chosen: Assignment) -> list[Choice]:
    """The choices of weights and activations that take part: those of what is on the edge."""
    weights = [
        _choice(costs.layers[index].weights, chosen.weights[costs.layers[index].name])
        for index in sorted(chosen.layers)
        if costs.layers[index].weights
    ]
    return weights + [
        _choice(tensor.activation, chosen.activations[tensor.name])
        for tensor in costs.tensors
        if tensor.producer < 0 or tensor.producer in chosen.layers
    ]


def _choice(choices: tuple[Choice, ...], bits: int) -> Choice:
    """The choice of that width; what cannot be quantised has one choice alone, whatever is asked."""
    if len(choices) == 1:
        return choices[0]
    return next(choice for choice in choices if choice.bits == bits)
