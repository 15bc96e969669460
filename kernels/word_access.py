"""Low-level memory access for numba: unaligned 64-bit words, a float's bits, prefetching.

Words are in the machine's byte order, which the format needs to be little-endian (x86-64 and aarch64 are).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types

if sys.byteorder != "little":
    raise ImportError("EvoSplit's kernels need a little-endian machine")

# Typed loosely: callers see the function without its first argument.
intrinsic: Callable[[Any], Any] = extending.intrinsic

_WORD = ir.IntType(64)


def _pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401 - numba's own
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), _WORD.as_pointer())


@intrinsic
def load_word(typing_context: Any, array: Any, offset: Any) -> Any:  # noqa: ANN401
    """``load_word(array, offset) -> uint64``: the 8 bytes at ``offset``; bounds are the caller's duty."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.load(_pointer(context, builder, signature, args), align=1)

    return types.uint64(array, types.intp), generate


@intrinsic
def store_word(typing_context: Any, array: Any, offset: Any, word: Any) -> Any:  # noqa: ANN401
    """``store_word(array, offset, word)``: 8 bytes to ``offset``; bounds are the caller's duty."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        builder.store(args[2], _pointer(context, builder, signature, args), align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64), generate


@intrinsic
def float_bits(typing_context: Any, value: Any) -> Any:  # noqa: ANN401
    """``float_bits(float32) -> int32``: the same 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def bits_float(typing_context: Any, bits: Any) -> Any:  # noqa: ANN401
    """``bits_float(int32) -> float32``: the same 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ANN401
    """``prefetch(array, index)``: fetch the cache line of an element; one past the end does no harm."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag])
        function = builder.module.declare_intrinsic("llvm.prefetch", (place.type,), kind)
        # To read, into the nearest cache, data rather than code.
        builder.call(function, [place, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
