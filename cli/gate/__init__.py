"""Synthetic data set and reference network: a rendered gate camera with known plates, and their reader."""
