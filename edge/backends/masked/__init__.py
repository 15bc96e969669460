"""Masked execution backend: a segment computes only the positions that changed or that are required."""

from evosplit.edge.backends.masked.masked_segment import MaskedSegment, supports

__all__ = ["MaskedSegment", "supports"]
