"""Edge only: all on the edge, in float."""

from __future__ import annotations

from planner.baselines.uniform import uniform
from planner.problem import Problem
from planner.problem.assignment import Assignment
from shared.plan import FLOAT_BITS


def edge(problem: Problem) -> Assignment:
    """Every layer on the edge, nothing quantised."""
    return uniform(problem, range(len(problem.graph.layers)), FLOAT_BITS)
