"""Heap trimming (malloc_trim): returns memory that building heads needed for a moment."""

from __future__ import annotations

import ctypes
import gc


def trim_memory() -> None:
    """Collect garbage, and have the C library return free pages (glibc; elsewhere nothing happens).

    Building a head parses, decodes and serialises the whole network. Without this, the pages stay with the
    process: about 30 MB for SqueezeNet (benchmarks/edge_memory.py).
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
