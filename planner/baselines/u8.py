"""U8 (a row of Auto-Split's evaluation): all on the edge at uniform 8 bits."""

from __future__ import annotations

from planner.baselines.uniform import uniform
from planner.problem import Problem
from planner.problem.assignment import Assignment


def u8(problem: Problem) -> Assignment:
    """Every layer on the edge, weights and activations at 8 bits."""
    return uniform(problem, range(len(problem.graph.layers)), 8)
