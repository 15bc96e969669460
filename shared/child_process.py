"""Child process of low priority, which takes no more memory than it may and ends with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def step_back() -> None:
    """Nice 19 and, on Linux, the idle class: it runs when no one else wants the core. Never raises."""
    with contextlib.suppress(OSError):
        os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def die_with_parent() -> None:
    """On Linux, end as soon as the parent has ended, however it did; elsewhere nothing. Never raises."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def bound_memory(size_bytes: int) -> None:
    """Refuse this process more writable memory (MemoryError); does nothing where the system has no limits."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size_bytes, size_bytes))
