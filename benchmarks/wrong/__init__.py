"""Agents whose profile is wrong, in simulation and for real."""
