"""Plots of plans, fronts and comparisons as matplotlib axes."""
