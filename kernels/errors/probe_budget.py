"""Probe budget in arithmetic, not in time, so that error tables can be reproduced.

What lies behind an early layer is nearly the whole network, so probing all of n layers costs about n / 2 runs
of it, times the bit-widths and inputs. First inputs are spared, then layers that are probed in full: each is
allowed the same arithmetic, and one that needs more is probed as often as its share pays for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.kernels.errors.network_stretches import segments
from evosplit.kernels.errors.stretched_network import Network
from evosplit.shared.graph import Graph, prefix_cut

MAX_INPUTS: Final = 8
MIN_INPUTS: Final = 2
PROBE_BUDGET: Final = 150e9
"""Multiply-accumulates of all probes together: a few seconds of one core."""
PASS_BUDGET: Final = 400e9
"""Multiply-accumulates of the passes over all calibration inputs."""
MIN_PASSES: Final = 4
_LEAST_IN_FULL: Final = 0.2
"""Of the budget, for probes in full where gains are composed."""
_MACS_PER_ELEMENT: Final = 4.0
_MACS_PER_LAYER: Final = 5e5
"""What moving an element, and starting a layer, take as long as: measured on one core with AVX-512."""
_MACS_PER_WEIGHT: Final = 13.0
"""A fully connected layer waits for its weights (roofline): 59 M of AlexNet's take as long as 750 M
multiply-accumulates of a convolution."""


@dataclass(frozen=True)
class Effort:
    """How many inputs are probed with, at which bit-widths, and behind how many layers in full.

    ``stops`` None: behind all. Else gains are composed (`evosplit.kernels.errors.composed_gains`), and these
    correct them.
    """

    inputs: int
    widths: tuple[int, ...]
    stops: frozenset[int] | None = None


def passed_inputs(graph: Graph, available: int) -> int:
    """How many calibration inputs the ranges are taken over."""
    affordable = int(PASS_BUDGET / max(sum(works(graph)), 1.0))
    return min(available, max(MIN_PASSES, affordable))


def whole_inputs(network: Network, runs: int, budget: float = PROBE_BUDGET) -> int:
    """Inputs that the budget allows behind every layer, at so many runs per input and quantised thing."""
    affordable = int(budget / (runs * max(sum(stop_costs(network)), 1.0)))
    return max(MIN_INPUTS, min(MAX_INPUTS, affordable))


def probe_effort(network: Network, widths: tuple[int, ...], budget: float = PROBE_BUDGET) -> Effort:
    """What the budget allows: fewer inputs first, then most gains composed, then one bit-width alone.

    With no more than `MIN_INPUTS` each bit-width gets an input of its own.
    """
    costs = stop_costs(network)
    if len(widths) * sum(costs) <= budget:
        return Effort(whole_inputs(network, len(widths), budget), widths)
    composing = composing_cost(network)
    if len(widths) * composing > budget:
        widths = widths[:1]
    left = max(budget - len(widths) * composing, _LEAST_IN_FULL * budget)
    return Effort(len(widths), widths, afforded(costs, left / len(widths)))


def composing_cost(network: Network) -> float:
    """Of one run per thing to the end of its stretch, and one behind it per tensor that crosses there."""
    graph, work, things = network.graph, works(network.graph), thing_counts(network)
    total = 0.0
    for start, end in segments(graph):
        crossing = sum(graph.tensors[name].is_float for name in prefix_cut(graph, end).boundary)
        total += crossing * sum(work[end:])
        total += sum(things[stop] * sum(work[stop:end]) for stop in range(start + 1 if start else 0, end + 1))
    return total


def afforded(costs: Sequence[float], budget: float) -> frozenset[int]:
    """Indices whose costs add up to about ``budget``, evenly spread; the first and the last are among them.

    With an allowance a, index i is taken min(1, a / cost) of the times: dear ones at even steps of credit.
    """
    allowance = _allowance(costs, budget)
    credit, taken = 0.0, {0, len(costs) - 1}
    for index, cost in enumerate(costs):
        credit += min(1.0, allowance / cost) if cost > 0 else 1.0
        if credit >= 1.0 - 1e-9:
            taken.add(index)
            credit -= 1.0
    return frozenset(taken)


def _allowance(costs: Sequence[float], budget: float) -> float:
    """The a with sum(min(cost, a)) = budget: what cheap ones leave goes to the others."""
    left, count = budget, len(costs)
    for cost in sorted(costs):
        if cost * count >= left:
            return left / count
        left, count = left - cost, count - 1
    return max(costs, default=0.0)


def stop_costs(network: Network) -> list[float]:
    """Of one run to the outputs for everything that can be quantised right behind each number of layers."""
    work = works(network.graph)
    behind = [sum(work[stop:]) for stop in range(len(work) + 1)]
    return [count * macs for count, macs in zip(thing_counts(network), behind, strict=True)]


def thing_counts(network: Network) -> list[int]:
    """Float tensors and packed weights right behind each number of layers; 0: the inputs."""
    graph = network.graph
    made = [graph.inputs, *(layer.outputs for layer in graph.layers)]
    packed = [0, *(int(layer.name in network.packed) for layer in graph.layers)]
    return [
        sum(graph.tensors[name].is_float for name in names) + weights
        for names, weights in zip(made, packed, strict=True)
    ]


def works(graph: Graph) -> list[float]:
    """What each layer takes, in multiply-accumulates: reading weights, moving tensors and starting, too."""
    return [
        max(layer.macs, _MACS_PER_WEIGHT * layer.weight_elements)
        + _MACS_PER_ELEMENT * sum(graph.tensors[name].elements for name in layer.outputs)
        + _MACS_PER_LAYER
        for layer in graph.layers
    ]
