"""Costs of an assignment, and how they stand against every limit: the arithmetic of docs/planner.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from evosplit.planner.devices.energy import Energy
from evosplit.planner.problem.assignment import Assignment
from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear, Objective, TensorCost
from evosplit.planner.problem.limits import Limits, LimitStatus
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency


@dataclass(frozen=True)
class Spending:
    """What an assignment costs; seconds without the link, whose share is rtt + 8 wire_bytes / bandwidth.

    ``compute_j`` are the edge's joules without its radio; ``sent`` is how each tensor that crosses travels.
    """

    edge_s: float
    cloud_s: float
    wire_bytes: int
    memory_bytes: int
    error: float
    compute_j: float
    radio: Energy | None
    sent: Mapping[str, Choice] = field(default_factory=dict, compare=False)

    def latency(self, link: Link) -> Latency:
        """Seconds of one frame over a link; nothing is sent when all layers are on the edge."""
        return Latency(self.edge_s, link.uplink_s(self.wire_bytes) if self.wire_bytes else 0.0, self.cloud_s)

    def air_s(self, link: Link) -> float:
        """Seconds that one frame occupies the link; the round trip does not hold up the next frame."""
        return 8 * self.wire_bytes / link.bandwidth_bps

    def period_s(self, link: Link) -> float:
        """Seconds between frames of a stream: those of the slowest of edge, link and cloud."""
        return max(self.edge_s, self.air_s(link), self.cloud_s)

    def energy_j(self, link: Link) -> float:
        """Joules of the edge, its radio included."""
        radio_j = self.radio.uplink_j(self.wire_bytes, self.air_s(link)) if self.radio else 0.0
        return self.compute_j + radio_j

    def value(self, link: Link, objective: Objective) -> float:
        """What the objective minimises, in seconds or joules."""
        if objective == "throughput":
            return self.period_s(link)
        if objective == "energy":
            return self.energy_j(link)
        return self.cloud_s if objective == "cloud" else self.latency(link).total_s


def limit_status(limits: Limits, cost: Spending, link: Link) -> tuple[LimitStatus, ...]:
    """How a plan stands against every limit: memory and error always, others where there is a limit."""
    others = (
        LimitStatus("deadline", limits.deadline_s, cost.latency(link).total_s, "s"),
        LimitStatus("period", limits.period_s, cost.period_s(link), "s"),
        LimitStatus("energy", limits.energy_j, cost.energy_j(link), "J"),
        LimitStatus("cloud", limits.cloud_s, cost.cloud_s, "s"),
    )
    return (
        LimitStatus("memory", limits.memory_bytes, cost.memory_bytes, "B"),
        LimitStatus("error", limits.error_limit, cost.error, "noise to signal"),
        *(status for status in others if status.limit is not None),
    )


def is_within(limits: Limits, cost: Spending, link: Link) -> bool:
    """Whether a plan keeps all limits on its costs."""
    return (
        (limits.memory_bytes is None or cost.memory_bytes <= limits.memory_bytes)
        and cost.error <= limits.error_limit * (1 + 1e-9)
        and (limits.deadline_s is None or cost.latency(link).total_s <= limits.deadline_s)
        and (limits.period_s is None or cost.period_s(link) <= limits.period_s)
        and (limits.energy_j is None or cost.energy_j(link) <= limits.energy_j)
        and (limits.cloud_s is None or cost.cloud_s <= limits.cloud_s)
    )


def crosses(tensor: TensorCost, layers: frozenset[int]) -> bool:
    """Whether a tensor is made on the edge (or given) and read in the cloud."""
    return is_made(tensor, layers) and any(reader not in layers for reader in tensor.consumers)


def is_made(tensor: TensorCost, layers: frozenset[int]) -> bool:
    """Whether a tensor is there on the edge: made, or given."""
    return tensor.producer < 0 or tensor.producer in layers


def wire_choice(tensor: TensorCost, chosen: Assignment) -> Choice:
    """The choice of a tensor that crosses."""
    codec = chosen.codecs.get(tensor.name)
    offered = tuple(choice for choice in tensor.wire if codec in (None, choice.codec))
    return choice_of(offered, chosen.wire[tensor.name])


def choice_of(choices: tuple[Choice, ...], bits: int | None) -> Choice:
    """The choice of that width; what cannot be quantised has one choice alone, whatever is asked."""
    if len(choices) == 1:
        return choices[0]
    return next(choice for choice in choices if choice.bits == bits)


def spending(costs: Costs, chosen: Assignment) -> Spending:
    """The exact cost of an assignment."""
    layers = chosen.layers
    weights = {index: _weights(costs.layers[index], chosen) for index in sorted(layers)}
    made = {
        tensor.name: choice_of(tensor.activation, chosen.activations.get(tensor.name))
        for tensor in costs.tensors
        if is_made(tensor, layers)
    }
    sent = [(tensor, wire_choice(tensor, chosen)) for tensor in costs.tensors if crosses(tensor, layers)]
    stored = {name: choice.bits for name, choice in made.items()}
    sent_bytes = sum(choice.size_bytes for _, choice in sent) + costs.overhead_bytes
    on_edge = [(costs.layers[index], choice.bits if choice else 0) for index, choice in weights.items()]
    return Spending(
        edge_s=costs.always_s
        + (costs.pack_s if len(layers) < len(costs.layers) else 0.0)
        + sum(max(amount(row, bits, stored) for row in layer.edge_s) for layer, bits in on_edge)
        + sum(costs.sending_s(choice) for _, choice in sent),
        cloud_s=sum(layer.cloud_s for index, layer in enumerate(costs.layers) if index not in layers)
        + sum(choice.cloud_s for _, choice in sent),
        wire_bytes=sent_bytes if len(layers) < len(costs.layers) else 0,
        memory_bytes=sum(choice.size_bytes for choice in weights.values() if choice)
        + _activation_bytes(costs, layers, made),
        error=sum(choice.error for choice in (*weights.values(), *made.values()) if choice)
        + sum(0.0 if choice.is_exact(stored[tensor.name]) else choice.error for tensor, choice in sent),
        compute_j=sum(amount(layer.energy_j, bits, stored) for layer, bits in on_edge),
        radio=costs.energy,
        sent={tensor.name: choice for tensor, choice in sent},
    )


def amount(row: Linear, weight_bits: int, stored: Mapping[str, int]) -> float:
    """A linear cost at these bits."""
    return (
        row.fixed
        + row.per_weight_bit * weight_bits
        + sum(v * stored[name] for name, v in row.per_bit.items())
    )


def peak_bytes(costs: Costs, layers: frozenset[int], sizes: Mapping[str, int]) -> int:
    """The most bytes of activations alive at once while the edge layers run in order.

    A tensor lives from the layer that makes it to its last reader, and to the end when it crosses the cut
    or is an output of the model.
    """
    held = [
        (tensor.producer, math.inf if crosses(tensor, layers) else tensor.last_use, sizes[tensor.name])
        for tensor in costs.tensors
        if tensor.name in sizes
    ]
    steps = sorted(layers) or [0]
    return max(sum(size for born, dies, size in held if born <= step <= dies) for step in steps)


def _activation_bytes(costs: Costs, layers: frozenset[int], made: Mapping[str, Choice]) -> int:
    sizes = {name: choice.size_bytes for name, choice in made.items()}
    if costs.limits.memory_model == "live":
        return peak_bytes(costs, layers, sizes)
    return max(
        (sizes[tensor.name] for tensor in costs.tensors if tensor.producer >= 0 and tensor.name in sizes),
        default=0,
    )


def _weights(layer: LayerCost, chosen: Assignment) -> Choice | None:
    return choice_of(layer.weights, chosen.weights.get(layer.name)) if layer.weights else None
