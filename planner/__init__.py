"""Planner: the provably best cut and bits, from a graph and two devices."""
