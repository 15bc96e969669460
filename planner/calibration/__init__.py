"""Calibration inputs and labels from files."""
