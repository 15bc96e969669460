"""Accuracy drop of plans, measured by running them."""
