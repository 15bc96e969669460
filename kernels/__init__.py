"""Numba array kernels, each beside a slow NumPy oracle. No I/O."""
