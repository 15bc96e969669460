"""Bounds on what each prefix cut can cost at best, so that few of them need a program at all.

For prefixes the joint program falls apart by cut: the optimum is the least of one program per cut. A cut
whose bound is no better than the best plan found so far cannot win, and its program need not be solved.
"""

from __future__ import annotations

import itertools
import math

from planner.assignment import crosses
from planner.costs import Choice, Costs, TensorCost
from shared.link import Link


def bounds_s(costs: Costs, link: Link) -> list[float]:
    """A lower bound on the latency of every prefix cut, in seconds; infinity where no plan can be.

    Each tensor and layer takes its cheapest choice on its own, whatever the others do to the sums.
    """
    edge_s = [0.0, *itertools.accumulate(layer.edge_s for layer in costs.layers)]
    cloud_s = [0.0, *itertools.accumulate(layer.cloud_s for layer in costs.layers)]
    weights = [0, *itertools.accumulate(_least_bytes(layer.weights, costs) for layer in costs.layers)]
    bounds = []
    for stop in range(len(costs.layers) + 1):
        if costs.memory_bytes is not None and weights[stop] > costs.memory_bytes:
            bounds.append(math.inf)
            continue
        on_edge = frozenset(range(stop))
        sent_s = sum(_sent_s(tensor, costs, link) for tensor in costs.tensors if crosses(tensor, on_edge))
        frame_s = link.uplink_s(costs.overhead_bytes) if stop < len(costs.layers) else 0.0
        bounds.append(edge_s[stop] + cloud_s[-1] - cloud_s[stop] + sent_s + frame_s)
    return bounds


def _sent_s(tensor: TensorCost, costs: Costs, link: Link) -> float:
    codec_s = tensor.encode_s + tensor.decode_s
    return codec_s + 8 * _least_bytes(tensor.wire, costs) / link.bandwidth_bps


def _least_bytes(choices: tuple[Choice, ...], costs: Costs) -> float:
    """Nothing for what has no choices at all; infinity where every choice alone breaks the error limit."""
    if not choices:
        return 0
    return min((choice.size_bytes for choice in choices if choice.error <= costs.max_error), default=math.inf)
