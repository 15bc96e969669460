"""Neurosurgeon (Kang et al., ASPLOS 2017): scan the chain for the layer after which to cut, in float.

    latency(n) = edge seconds up to n + seconds to send the output of layer n + cloud seconds after n

It knows no skip connections: it prices the chosen layer's output alone, and is then charged for all that
crosses.
"""

from __future__ import annotations

import itertools

from evosplit.planner.baselines.float_costs import FloatTerms, float_terms
from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.plan import FLOAT_BITS


def neurosurgeon(problem: Problem) -> Assignment:
    """Its cut, everything in float; of equal cuts the one with fewest layers on the edge. Knows no limits."""
    costs = chain_latencies(float_terms(problem))
    return uniform(problem, range(costs.index(min(costs))), FLOAT_BITS)


def chain_latencies(terms: FloatTerms) -> list[float]:
    """What it takes for the latency of a cut after each number of layers, in seconds."""
    edge_s = [0.0, *itertools.accumulate(terms.edge_s)]
    cloud_s = [0.0, *itertools.accumulate(terms.cloud_s)]
    count = len(terms.edge_s)
    return [
        edge_s[stop] + cloud_s[-1] - cloud_s[stop] + (_output_s(terms, stop) if stop < count else 0.0)
        for stop in range(count + 1)
    ]


def _output_s(terms: FloatTerms, stop: int) -> float:
    """Seconds to send what layer ``stop - 1`` makes; the inputs where that is none."""
    return terms.frame_s + sum(tensor.wire_s for tensor in terms.tensors if tensor.producer == stop - 1)
