"""QDMP's cut with its head quantised afterwards, uniformly, as the published comparison does."""

from __future__ import annotations

from typing import Final

from planner.assignment import Assignment
from planner.baselines.qdmp import qdmp
from planner.baselines.uniform import uniform
from planner.evaluate import evaluate
from planner.problem import Problem

UNIFORM_BITS: Final = (8, 6, 5, 4, 3, 2)


def qdmp_quantised(problem: Problem) -> Assignment:
    """The uniform bits of least latency that meet the limits; of equal ones the most bits.

    8 bits where none meets them, and QDMP's own answer where nothing runs on the edge.
    """
    plain = qdmp(problem)
    if not plain.layers:
        return plain
    tried = [uniform(problem, plain.layers, bits) for bits in UNIFORM_BITS]
    priced = [(evaluate(problem, assignment), assignment) for assignment in tried]
    met = [(found.plan.latency.total_s, assignment) for found, assignment in priced if found.feasible]
    return min(met, key=lambda one: one[0])[1] if met else tried[0]
