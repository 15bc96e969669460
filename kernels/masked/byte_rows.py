"""Row kernels on bytes at given addresses: joining, subsampling and listing of masks."""

from __future__ import annotations

from typing import Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils

from evosplit.kernels.jit import compiled
from evosplit.kernels.masked.array_checks import Integer
from evosplit.kernels.masked.row_kernels import over_row
from evosplit.kernels.masked.set_positions import Mask, Positions
from evosplit.kernels.masked.vectors import I32, I64, INTEGERS, LANES, WIDE, Llvm, intrinsic, pointer, splat

BYTES: Final = ir.VectorType(ir.IntType(8), LANES)
NO_BYTES: Final = ir.Constant(BYTES, [0] * LANES)
BEYOND: Final = 2 * LANES
"""``join_rows`` may read so many bytes behind what it needs."""
_PAIRS: Final = ir.VectorType(ir.IntType(8), 2 * LANES)
_EVEN: Final = ir.Constant(INTEGERS, list(range(0, 2 * LANES, 2)))


def _called(b: Llvm, name: str, result: Llvm, arguments: list[Llvm]) -> Llvm:
    kind = ir.FunctionType(result, [value.type for value in arguments])
    return b.call(b.module.globals.get(name) or ir.Function(b.module, kind, name), arguments)


def read_bytes(b: Llvm, address: Llvm, flags: Llvm) -> Llvm:
    """Sixteen, or the flagged ones and 0 for the others."""
    place = pointer(b, address, BYTES)
    if flags is None:
        return b.load(place, align=1)
    return _called(b, "llvm.masked.load.v16i8.p0", BYTES, [place, I32(1), flags, NO_BYTES])


def write_bytes(b: Llvm, value: Llvm, address: Llvm, flags: Llvm) -> None:
    """Sixteen, or the flagged ones."""
    place = pointer(b, address, BYTES)
    if flags is None:
        b.store(value, place, align=1)
    else:
        _called(b, "llvm.masked.store.v16i8.p0", ir.VoidType(), [value, place, I32(1), flags])


@intrinsic
def join_rows(
    typing_context: Llvm, out: Llvm, x: Llvm, step: Llvm, rows: Llvm, stride: Llvm, count: Llvm
) -> Llvm:
    """``out[i]``: whether ``x[row * step + i * stride]`` is set for any row; returns whether any ``out`` is.

    ``out`` and ``x`` are addresses of bytes, ``stride`` is 1 or 2; at 2, up to ``BEYOND`` more are read.
    """

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        out, x, step, rows, stride, count = args
        total, some = (cgutils.alloca_once(b, BYTES) for _ in range(2))
        b.store(NO_BYTES, total)

        def join(read: Llvm) -> None:
            def body(offset: Llvm, flags: Llvm) -> None:
                done = b.lshr(offset, I64(2))
                b.store(NO_BYTES, some)
                with cgutils.for_range(b, rows) as loop:
                    place = b.add(x, b.mul(loop.index, step))
                    b.store(b.or_(b.load(some), read(place, done, flags)), some)
                write_bytes(b, b.load(some), b.add(out, done), flags)
                b.store(b.or_(b.load(some), b.load(total)), total)

            over_row(b, count, body)

        def every(place: Llvm, done: Llvm, flags: Llvm) -> Llvm:
            return read_bytes(b, b.add(place, done), flags)

        def second(place: Llvm, done: Llvm, flags: Llvm) -> Llvm:
            pairs = b.load(pointer(b, b.add(place, b.shl(done, I64(1))), _PAIRS), align=1)
            return b.shuffle_vector(pairs, ir.Constant(_PAIRS, ir.Undefined), _EVEN)

        with b.if_else(b.icmp_signed("==", stride, I64(1))) as (dense, thin):
            with dense:
                join(every)
            with thin:
                join(second)
        whole = ir.IntType(8 * LANES)
        return b.icmp_unsigned("!=", b.bitcast(b.load(total), whole), whole(0))

    return types.boolean(*[types.int64] * 6), generate


@intrinsic
def _list_vectors(typing_context: Llvm, row: Llvm, count: Llvm, first: Llvm, positions: Llvm) -> Llvm:
    """``list_row`` where the target stores some lanes of a register side by side."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        row, count, first, positions = args
        place = cgutils.alloca_once(b, I64)
        b.store(positions, place)
        order = ir.Constant(INTEGERS, list(range(LANES)))
        short = ir.IntType(LANES)

        def body(offset: Llvm, flags: Llvm) -> None:
            done = b.lshr(offset, I64(2))
            chosen = b.icmp_unsigned("!=", read_bytes(b, b.add(row, done), flags), NO_BYTES)
            bits = b.bitcast(chosen, short)
            with b.if_then(b.icmp_unsigned("!=", bits, short(0))):
                values = b.add(splat(b, b.trunc(b.add(first, done), I32)), order)
                here = b.load(place)
                there = pointer(b, here, I32)
                _called(b, "llvm.masked.compressstore.v16i32", ir.VoidType(), [values, there, chosen])
                some = b.zext(b.ctpop(bits), I64)
                b.store(b.add(here, b.shl(some, I64(2))), place)

        over_row(b, count, body)
        return b.load(place)

    return types.int64(*[types.int64] * 4), generate


@compiled
def list_row(row: Mask, y: int, positions: Positions, count: Integer) -> Integer:
    """Append the set places of ``row``, row ``y`` of a mask, to ``positions[:count]``; the new count."""
    if WIDE:
        start = np.int64(positions.ctypes.data) + 4 * count
        return count + (_list_vectors(row.ctypes.data, row.size, y << 16, start) - start) // 4
    for x in range(row.size):
        positions[count] = y << 16 | x
        count += row[x] != 0
    return count
