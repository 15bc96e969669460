"""Short waits for a number to change, without the interpreter lock and without the operating system."""

from __future__ import annotations

import platform
from typing import Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from kernels.jit import compiled
from kernels.masked.arrays import Numbers
from kernels.masked.vectors import I64, Llvm, intrinsic, pointer

_HAS_PAUSE: Final = platform.machine().lower() in ("x86_64", "amd64")
TURNS: Final = 3000 if _HAS_PAUSE else 100_000
"""Roughly a tenth of a millisecond: about the time between two layers, and no more."""

BELL: Final = np.zeros(1, np.int64)
"""Rung by a kernel once it runs without the interpreter lock, which idle workers need next."""


@intrinsic
def _look(typing_context: Llvm, address: Llvm) -> Llvm:
    """The int64 at ``address`` as it is now; a processor that can rest a little does."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        if _HAS_PAUSE:
            name = "llvm.x86.sse2.pause"
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(b.module.globals.get(name) or ir.Function(b.module, kind, name), [])
        return b.load_atomic(pointer(b, args[0], I64), "monotonic", 8)

    return types.int64(types.int64), generate


@intrinsic
def ring(typing_context: Llvm, address: Llvm) -> Llvm:
    """Add 1 to the int64 at ``address``, at once and for all threads to see."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        return b.atomic_rmw("add", pointer(b, args[0], I64), I64(1), "monotonic")

    return types.int64(types.int64), generate


@compiled
def wait_for_change(number: Numbers, seen: int, turns: int) -> int:
    """The turns that were left when ``number[0]`` became other than ``seen``; 0 when it did not."""
    while turns > 0 and _look(number.ctypes.data) == seen:
        turns -= 1
    return turns
