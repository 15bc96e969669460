"""SIMD intrinsics (LLVM) for vectors of sixteen floats.

Sixteen lanes are one register with AVX-512, two with AVX2, four with NEON; LLVM splits them. Memory is named
by addresses (int64), so that one kernel serves arrays of any strides; bounds are the caller's duty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import extending
from numba.core import config

LANES: Final = 16
VECTOR_BYTES: Final = 4 * LANES

Llvm = Any
"""A value, a builder or a type of LLVM's: llvmlite and numba's extensions carry no types of their own."""

I32: Final = ir.IntType(32)
I64: Final = ir.IntType(64)
FLOAT: Final = ir.FloatType()
VECTOR: Final = ir.VectorType(FLOAT, LANES)
INTEGERS: Final = ir.VectorType(I32, LANES)
_FLAGS: Final = ir.VectorType(ir.IntType(1), LANES)

# Typed loosely: callers see the function without its first argument.
intrinsic: Callable[[Any], Any] = extending.intrinsic


def _has_avx512() -> bool:
    if config.CPU_FEATURES is not None:
        return "+avx512f" in config.CPU_FEATURES
    return bool(binding.get_host_cpu_features().get("avx512f", False))


WIDE: Final = _has_avx512()
"""Whether the target has 32 registers of a whole vector each; else 32 of a quarter or 16 of a half."""


def pointer(builder: Llvm, address: Llvm, kind: Llvm = FLOAT) -> Llvm:
    """An int64 as a pointer to ``kind``."""
    return builder.inttoptr(address, kind.as_pointer())


def load(builder: Llvm, address: Llvm, offset: int = 0) -> Llvm:
    """A vector from ``address`` + ``offset`` bytes."""
    return builder.load(pointer(builder, shifted(builder, address, offset), VECTOR), align=4)


def store(builder: Llvm, value: Llvm, address: Llvm, offset: int = 0) -> None:
    """A vector to ``address`` + ``offset`` bytes."""
    builder.store(value, pointer(builder, shifted(builder, address, offset), VECTOR), align=4)


def shifted(builder: Llvm, address: Llvm, offset: int) -> Llvm:
    """``address`` + ``offset``."""
    return builder.add(address, I64(offset)) if offset else address


def number(builder: Llvm, address: Llvm, index: int = 0) -> Llvm:
    """The int64 at ``address`` + 8 ``index`` bytes."""
    return builder.load(pointer(builder, shifted(builder, address, 8 * index), I64), align=8)


def splat(builder: Llvm, value: Llvm) -> Llvm:
    """A scalar in all lanes."""
    kind = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), ir.Constant(INTEGERS, [0] * LANES))


def constant(value: float) -> Llvm:
    """A float in all lanes."""
    return ir.Constant(VECTOR, [value] * LANES)


def integers(value: int) -> Llvm:
    """An int32 in all lanes."""
    return ir.Constant(INTEGERS, [value] * LANES)


def _declared(builder: Llvm, name: str, result: Llvm, arguments: Sequence[Llvm]) -> Llvm:
    function = builder.module.globals.get(name)
    return function or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


def multiply_add(builder: Llvm, a: Llvm, b: Llvm, c: Llvm) -> Llvm:
    """``a * b + c``, fused where the target can."""
    function = _declared(builder, "llvm.fmuladd.v16f32", VECTOR, [VECTOR] * 3)
    return builder.call(function, [a, b, c])


def lanes_below(builder: Llvm, count: Llvm) -> Llvm:
    """Flags of the first ``count`` (int64) lanes."""
    order = ir.Constant(INTEGERS, list(range(LANES)))
    return builder.icmp_signed("<", order, splat(builder, builder.trunc(count, I32)))


def load_some(builder: Llvm, address: Llvm, flags: Llvm) -> Llvm:
    """A vector of which only the flagged lanes are read; the others are zero."""
    place = pointer(builder, address, VECTOR)
    kinds = [place.type, I32, _FLAGS, VECTOR]
    function = _declared(builder, "llvm.masked.load.v16f32.p0", VECTOR, kinds)
    return builder.call(function, [place, I32(4), flags, constant(0.0)])


def store_some(builder: Llvm, value: Llvm, address: Llvm, flags: Llvm) -> None:
    """Write the flagged lanes only."""
    place = pointer(builder, address, VECTOR)
    kinds = [VECTOR, place.type, I32, _FLAGS]
    function = _declared(builder, "llvm.masked.store.v16f32.p0", ir.VoidType(), kinds)
    builder.call(function, [value, place, I32(4), flags])
