"""Agents whose profile is wrong, in simulation and as they are."""
