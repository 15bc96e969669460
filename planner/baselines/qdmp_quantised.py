"""QDMP's cut with its head quantised afterwards, uniformly, as the published comparison does."""

from __future__ import annotations

from typing import Final

from evosplit.planner.baselines.cloud16 import cloud16
from evosplit.planner.baselines.float_costs import float_terms
from evosplit.planner.baselines.qdmp import minimum_cut, qdmp
from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment

UNIFORM_BITS: Final = (8, 6, 5, 4, 3, 2)


def qdmp_quantised(problem: Problem) -> Assignment:
    """The uniform bits of least latency that meet the limits; of equal ones the most bits.

    8 bits where none meets them, and QDMP's own answer where nothing runs on the edge.
    """
    plain = qdmp(problem)
    if not plain.layers:
        return plain
    return _quantised(problem, plain.layers) or uniform(problem, plain.layers, UNIFORM_BITS[0])


def qdmp_retreating(problem: Problem) -> Assignment:
    """What its user can do where no uniform bits meet the limits: leave more layers to the cloud.

    The last layer of the head is barred from the edge and the minimum cut taken again, until some uniform
    bits meet the limits, at the latest with nothing on the edge. Not published; the stronger baseline.
    """
    terms, barred = float_terms(problem), len(problem.graph.layers)
    while layers := minimum_cut(terms, problem.cuts == "prefix", barred):
        assignment = _quantised(problem, layers)
        if assignment is not None:
            return assignment
        barred = max(layers)
    return cloud16(problem)


def _quantised(problem: Problem, layers: frozenset[int]) -> Assignment | None:
    tried = [uniform(problem, layers, bits) for bits in UNIFORM_BITS]
    priced = [(evaluate(problem, assignment), assignment) for assignment in tried]
    met = [
        (evaluation.plan.latency.total_s, assignment)
        for evaluation, assignment in priced
        if evaluation.feasible
    ]
    return min(met, key=lambda timed: timed[0])[1] if met else None
