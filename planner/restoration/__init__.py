"""Restoration networks: learned from calibration inputs, kept where they help, and offered to the planner."""
