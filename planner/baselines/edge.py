"""Edge only: all on the edge, in float."""

from __future__ import annotations

from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.plan import FLOAT_BITS


def edge(problem: Problem) -> Assignment:
    """Every layer on the edge, nothing quantised."""
    return uniform(problem, range(len(problem.graph.layers)), FLOAT_BITS)
