"""Calibration inputs: real feeds, their files, and their labels."""
