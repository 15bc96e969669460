"""Calibration from live frames: a sample of real inputs, and the plans that come of it."""
