"""Head segments on the masked kernels: they compute only where something changed, or where it is wanted."""

from evosplit.edge.backends.masked.masked_segment import MaskedSegment, supports

__all__ = ["MaskedSegment", "supports"]
