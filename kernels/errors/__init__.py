"""Quantisation errors at a network's outputs, per tensor and bit-width."""
