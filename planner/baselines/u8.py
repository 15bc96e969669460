"""U8 (a row of Auto-Split's evaluation): all on the edge at uniform 8 bits."""

from __future__ import annotations

from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment


def u8(problem: Problem) -> Assignment:
    """Every layer on the edge, weights and activations at 8 bits."""
    return uniform(problem, range(len(problem.graph.layers)), 8)
