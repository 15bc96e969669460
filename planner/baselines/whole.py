"""Everything on one side: U8 and float on the edge, CLOUD16 in the cloud."""

from __future__ import annotations

from planner.assignment import Assignment
from planner.baselines.uniform import uniform
from planner.problem import Problem
from shared.plan import FLOAT_BITS


def u8(problem: Problem) -> Assignment:
    """All on the edge, weights and activations at 8 bits."""
    return uniform(problem, range(len(problem.graph.layers)), 8)


def edge(problem: Problem) -> Assignment:
    """All on the edge, in float."""
    return uniform(problem, range(len(problem.graph.layers)), FLOAT_BITS)


def cloud16(problem: Problem) -> Assignment:
    """All in the cloud at its own width (16 bits in the published evaluation); 8-bit pictures go up."""
    return uniform(problem, (), FLOAT_BITS)
