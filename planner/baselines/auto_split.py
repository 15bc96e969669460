"""Auto-Split's published search (Banitalebi-Dehkordi et al., KDD 2021, arXiv 2108.13041).

1. Candidates: prefixes n of the order whose boundary at the lowest bits is no larger than the raw input,
   T_n <= T_0, and whose weights and largest activation at the lowest bits fit the memory M.
2. For each, M is split between activations and weights. Either part gets its bits by a Lagrangian search on
   plain MSE: weights so that sum s_w b_w fits theirs, activations so that max s_a b_a fits theirs.
3. Every activation that is not transmitted is raised to the most bits under that maximum.
4. What comes out is a list of solutions, the cloud alone among them; the fastest within the user's threshold
   is picked. It is priced by the published formula, T_n = bits / bandwidth, and judged by ours.

Memory that no choice of bits changes (biases, scales) is taken off M first. A measured edge executes
activations in float32: only those that are sent get bits there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evosplit.planner.baselines.auto_split_search import Search
from evosplit.planner.baselines.auto_split_seconds import EdgeSeconds
from evosplit.planner.baselines.cloud16 import cloud16
from evosplit.planner.baselines.lagrangian import Bits, Floats
from evosplit.planner.baselines.uniform import held_activations, sent_bits
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.graph import Cut
from evosplit.shared.plan import FLOAT_BITS


@dataclass(frozen=True)
class Offer:
    """One solution of the list: its cut, and bits of all items (those behind the cut do not count).

    ``latency_s`` is by the published formula; ``error`` what the user's threshold looks at, without the
    second rounding on the wire.
    """

    latency_s: float
    error: float
    cut: Cut
    weights: Bits
    activations: Bits


def auto_split(problem: Problem) -> Assignment:
    """The fastest solution of its list that meets the limits; the cloud alone where none does better."""
    search = Search(problem)
    alone = cloud16(problem)
    within = [offer for offer in solutions(problem, search) if offer.error <= problem.limits.error_limit]
    for offer in sorted(within, key=lambda offer: offer.latency_s):
        candidate = _assignment(problem, search, offer)
        if evaluate(problem, candidate).feasible:
            return min(alone, candidate, key=lambda answer: evaluate(problem, answer).plan.latency.total_s)
    return alone


def solutions(problem: Problem, search: Search) -> Iterator[Offer]:
    """The list, cut by cut, without the cloud alone."""
    edge = EdgeSeconds(problem, search.weights, search.activations)
    cloud_s = problem.cloud_s
    for cut in search.candidates():
        stop = len(cut.layers)
        weights, activations = search.bits(cut)
        edge_s = edge(stop, weights, search.held(activations))
        errors = _errors(search, cut, weights, activations)
        sent = search.sent_bytes(cut, activations)
        for row in range(len(weights)):
            uplink_s = (
                problem.link.rtt_s + 8 * sent[row] / problem.link.bandwidth_bps if cut.boundary else 0.0
            )
            total_s = float(edge_s[row]) + uplink_s + sum(cloud_s[stop:])
            yield Offer(total_s, float(errors[row]), cut, weights[row], activations[row])


def _errors(search: Search, cut: Cut, weights: Bits, activations: Bits) -> Floats:
    """Errors (assignments,) of weights, and of activations held at few bits, or only sent so."""
    stop = len(cut.layers)
    of_weights = search.weights.errors(weights)[:, : search.weights.before(stop)]
    of_activations = search.activations.errors(activations)
    counted = search.sent(cut) if search.floats else search.activations.layer < stop
    total: Floats = of_weights.sum(axis=1) + of_activations[:, counted].sum(axis=1)
    return total


def _assignment(problem: Problem, search: Search, offer: Offer) -> Assignment:
    graph, layers = problem.graph, offer.cut.layers
    weights = dict(zip(search.weights.names, offer.weights.tolist(), strict=True))
    sent = dict(zip(search.activations.names, offer.activations.tolist(), strict=True))
    held = dict(zip(search.activations.names, search.held(offer.activations).tolist(), strict=True))
    names = [graph.layers[index].name for index in layers]
    makes = held_activations(graph, layers, FLOAT_BITS)
    return Assignment(
        layers=frozenset(layers),
        weights={name: weights.get(name, FLOAT_BITS) for name in names},
        activations={name: held.get(name, bits) for name, bits in makes.items()},
        wire={name: sent_bits(graph, name, sent.get(name, FLOAT_BITS)) for name in offer.cut.boundary},
    )
