"""Numba array kernels, each beside a slow NumPy oracle, and what quantisation costs with them. No I/O."""
