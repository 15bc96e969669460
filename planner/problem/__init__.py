"""Planning problem and cost model as plain numbers, without a solver."""

from evosplit.planner.problem.planning_problem import BitChoices, Problem, default_bits, offered_bits

__all__ = ["BitChoices", "Problem", "default_bits", "offered_bits"]
