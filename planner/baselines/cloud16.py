"""CLOUD16 (a row of Auto-Split's evaluation): all in the cloud."""

from __future__ import annotations

from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.plan import FLOAT_BITS


def cloud16(problem: Problem) -> Assignment:
    """Every layer in the cloud at its own width (16 bits as published); an 8-bit picture goes up."""
    return uniform(problem, (), FLOAT_BITS)
