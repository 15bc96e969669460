"""Spin-wait counters that threads share inside compiled code.

Waiting here takes neither the interpreter lock nor the operating system, both of which can put a thread to
sleep for longer than a layer lasts.
"""

from __future__ import annotations

import platform
from typing import Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Integer, Numbers
from evosplit.kernels.masked.vectors import I64, Llvm, intrinsic, pointer

_HAS_PAUSE: Final = platform.machine().lower() in ("x86_64", "amd64")
TURNS: Final = 3000 if _HAS_PAUSE else 100_000
"""Roughly a tenth of a millisecond: about the time between two layers, and no more."""

BELL: Final = np.zeros(1, np.int64)
"""Rung when shared work is there and the interpreter lock, which workers need to fetch it, is free."""

ALONE: Final = 0
CALLER: Final = 1
HELPER: Final = 2

NEXT: Final = 0
DONE: Final = 8
"""Offsets in bytes of a job's counters: shares taken and shares done. Behind them, the number of shares."""
PARTS: Final = 2


@intrinsic
def look(typing_context: Llvm, address: Llvm) -> Llvm:
    """The int64 at ``address`` as it is now; a processor that can rest a little does."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        if _HAS_PAUSE:
            name = "llvm.x86.sse2.pause"
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(b.module.globals.get(name) or ir.Function(b.module, kind, name), [])
        return b.load_atomic(pointer(b, args[0], I64), "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def increment(typing_context: Llvm, address: Llvm) -> Llvm:
    """Add 1 to the int64 at ``address``, at once and for all threads to see; returns what it was."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        return b.atomic_rmw("add", pointer(b, args[0], I64), I64(1), "seq_cst")

    return types.int64(types.int64), generate


@compiled
def begin(bell: Numbers, role: int) -> Integer:
    """Call the helpers, if this is the caller; the bell's state, for ``attend``."""
    if role == CALLER:
        increment(bell.ctypes.data)
    return look(bell.ctypes.data)


@compiled
def attend(job: Numbers, bell: Numbers, role: int, rung: Integer) -> None:
    """After the last share: the caller waits for the helpers', a helper for the next call. Not for long."""
    turns = TURNS
    if role == CALLER:
        while turns > 0 and look(job.ctypes.data + DONE) < job[PARTS]:
            turns -= 1
    elif role == HELPER:
        while turns > 0 and look(bell.ctypes.data) == rung:
            turns -= 1
