"""Row kernels for inputs: what differs from the values last used, kept as floats or as bytes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils

from evosplit.kernels.masked.byte_rows import BYTES, NO_BYTES, read_bytes, write_bytes
from evosplit.kernels.masked.row_kernels import over_row, read, write
from evosplit.kernels.masked.vectors import (
    I64,
    INTEGERS,
    LANES,
    VECTOR,
    Llvm,
    constant,
    integers,
    intrinsic,
    splat,
)


def _read_used(b: Llvm, used: Llvm, place: Llvm, offset: Llvm, flags: Llvm) -> Llvm:
    """As floats; ``offset`` is that of floats."""
    if used.dtype == types.float32:
        return read(b, b.add(place, offset), flags)
    return b.uitofp(read_bytes(b, b.add(place, b.lshr(offset, I64(2))), flags), VECTOR)


def _as_byte(b: Llvm, value: Llvm) -> Llvm:
    """Of each lane, the nearest byte below; 0 for a NaN."""
    for limit, sign in ((0.0, ">"), (255.0, "<")):
        value = b.select(b.fcmp_ordered(sign, value, constant(limit)), value, constant(limit))
    return b.trunc(b.fptoui(value, INTEGERS), BYTES)


def _absolute(b: Llvm, value: Llvm) -> Llvm:
    return b.bitcast(b.and_(b.bitcast(value, INTEGERS), integers(0x7FFFFFFF)), VECTOR)


def _other_bits(b: Llvm, first: Llvm, second: Llvm) -> Llvm:
    return b.icmp_signed("!=", b.bitcast(first, INTEGERS), b.bitcast(second, INTEGERS))


@intrinsic
def mark_row(
    typing_context: Llvm, new: Llvm, old: Llvm, marks: Llvm, count: Llvm, threshold: Llvm, used: Llvm
) -> Llvm:
    """Set bytes at ``marks`` where floats at ``new`` differ from ``old`` by more than ``threshold``.

    All three are addresses; ``used`` is an array of the type that lies at ``old``. A NaN differs. At
    threshold 0 every other bit counts.
    """

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        new, old, marks, count, threshold, _ = args

        def mark(of_bits: bool) -> None:
            def body(offset: Llvm, flags: Llvm) -> None:
                now, before = read(b, b.add(new, offset), flags), _read_used(b, used, old, offset, flags)
                if of_bits:
                    other = _other_bits(b, now, before)
                else:
                    gap = _absolute(b, b.fsub(now, before))
                    other = b.fcmp_unordered(">", gap, splat(b, threshold))
                place = b.add(marks, b.lshr(offset, I64(2)))
                write_bytes(b, b.or_(read_bytes(b, place, flags), b.zext(other, BYTES)), place, flags)

            over_row(b, count, body)

        with b.if_else(b.fcmp_ordered("==", threshold, threshold.type(0.0))) as (bits, values):
            with bits:
                mark(True)
            with values:
                mark(False)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(whole, whole, whole, whole, types.float32, used), generate


@intrinsic
def take_row(typing_context: Llvm, new: Llvm, marks: Llvm, count: Llvm, old: Llvm, used: Llvm) -> Llvm:
    """Write floats at ``new`` to ``old`` where bytes at ``marks`` are set; whether all can be told again.

    Addresses and ``used`` as for ``mark_row``.
    """

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        new, marks, count, old, _ = args
        lost = cgutils.alloca_once(b, ir.IntType(LANES))
        b.store(ir.IntType(LANES)(0), lost)

        def body(offset: Llvm, flags: Llvm) -> None:
            bytes_set = read_bytes(b, b.add(marks, b.lshr(offset, I64(2))), flags)
            wanted = b.icmp_unsigned("!=", bytes_set, NO_BYTES)
            with b.if_then(b.icmp_unsigned("!=", b.bitcast(wanted, ir.IntType(LANES)), ir.IntType(LANES)(0))):
                _take(b, used, (new, old, offset), wanted, lost)

        over_row(b, count, body)
        return b.icmp_unsigned("==", b.load(lost), ir.IntType(LANES)(0))

    whole = types.int64
    return types.boolean(whole, whole, whole, whole, used), generate


def _take(b: Llvm, used: Llvm, places: tuple[Any, Any, Any], wanted: Llvm, lost: Llvm) -> None:
    new, old, offset = places
    value = read(b, b.add(new, offset), wanted)
    if used.dtype == types.float32:
        write(b, value, b.add(old, offset), wanted)
        return
    kept = _as_byte(b, value)
    write_bytes(b, kept, b.add(old, b.lshr(offset, I64(2))), wanted)
    other = b.and_(_other_bits(b, b.uitofp(kept, VECTOR), value), wanted)
    b.store(b.or_(b.load(lost), b.bitcast(other, ir.IntType(LANES))), lost)
