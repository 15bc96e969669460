"""What is asked, as plain numbers: what any decision costs, without a solver."""

from evosplit.planner.problem.planning_problem import BitChoices, Problem, default_bits

__all__ = ["BitChoices", "Problem", "default_bits"]
