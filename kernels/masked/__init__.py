"""Masked kernels: compute only where a spatial mask is set, channels last. No I/O."""
