"""Kernels on rows of floats at given addresses: a position's channels, whole vectors first."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils

from evosplit.kernels.masked.vectors import (
    I32,
    I64,
    INTEGERS,
    LANES,
    VECTOR,
    Llvm,
    constant,
    intrinsic,
    lanes_below,
    load,
    load_some,
    multiply_add,
    pointer,
    splat,
    store,
    store_some,
)

Body = Callable[[Llvm, Llvm], None]
"""Emits the work on one vector, given its offset in bytes and the flags of its lanes (None: all)."""


def read(b: Llvm, place: Llvm, flags: Llvm) -> Llvm:
    """A vector, or its flagged lanes."""
    return load(b, place) if flags is None else load_some(b, place, flags)


def write(b: Llvm, value: Llvm, place: Llvm, flags: Llvm) -> None:
    """A vector, or its flagged lanes."""
    if flags is None:
        store(b, value, place)
    else:
        store_some(b, value, place, flags)


def over_row(b: Llvm, count: Llvm, body: Body) -> None:
    """Emit ``body`` for all whole vectors of ``count`` floats, and once more for what is left."""
    before, head, inside, after = b.block, *(b.append_basic_block() for _ in range(3))
    b.branch(head)
    b.position_at_end(head)
    done = b.phi(I64)
    done.add_incoming(I64(0), before)
    following = b.add(done, I64(LANES))
    b.cbranch(b.icmp_signed("<=", following, count), inside, after)
    b.position_at_end(inside)
    body(b.shl(done, I64(2)), None)
    done.add_incoming(following, b.block)
    b.branch(head)
    b.position_at_end(after)
    with b.if_then(b.icmp_signed("<", done, count)):
        body(b.shl(done, I64(2)), lanes_below(b, b.sub(count, done)))


def _row_kernel(
    b: Llvm, count: Llvm, out: Llvm, inputs: tuple[Llvm, ...], compute: Callable[..., Llvm]
) -> None:
    def body(offset: Llvm, flags: Llvm) -> None:
        values = [read(b, b.add(place, offset), flags) for place in inputs]
        write(b, compute(*values), b.add(out, offset), flags)

    over_row(b, count, body)


def _greater(b: Llvm, first: Llvm, second: Llvm) -> Llvm:
    """A NaN wins."""
    either = b.select(b.fcmp_ordered("<", first, second), second, first)
    return b.select(b.fcmp_unordered("uno", second, second), second, either)


@intrinsic
def copy_float(typing_context: Llvm, out: Llvm, x: Llvm) -> Llvm:
    """One float; both are addresses."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        b.store(b.load(pointer(b, args[1]), align=4), pointer(b, args[0]), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def copy_row(typing_context: Llvm, out: Llvm, x: Llvm, count: Llvm) -> Llvm:
    """``out[:count] = x[:count]``; both are addresses."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _row_kernel(b, args[2], args[0], (args[1],), lambda value: value)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def add_rows(typing_context: Llvm, out: Llvm, first: Llvm, second: Llvm, count: Llvm) -> Llvm:
    """``out = first + second``; all are addresses."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _row_kernel(b, args[3], args[0], (args[1], args[2]), b.fadd)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), generate


@intrinsic
def greater_rows(typing_context: Llvm, out: Llvm, first: Llvm, second: Llvm, count: Llvm) -> Llvm:
    """``out = max(first, second)``, NaN where either is; all are addresses."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _row_kernel(b, args[3], args[0], (args[1], args[2]), lambda x, y: _greater(b, x, y))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), generate


@intrinsic
def scale_row(typing_context: Llvm, out: Llvm, x: Llvm, scale: Llvm, shift: Llvm, count: Llvm) -> Llvm:
    """``out = x * scale + shift``, channel by channel; all are addresses."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _row_kernel(b, args[4], args[0], tuple(args[1:4]), lambda x, y, z: multiply_add(b, x, y, z))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64, types.int64), generate


@intrinsic
def fill_row(typing_context: Llvm, out: Llvm, value: Llvm, count: Llvm) -> Llvm:
    """``out[:count] = value``."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _row_kernel(b, args[2], args[0], (), lambda: splat(b, args[1]))
        return context.get_dummy_value()

    return types.void(types.int64, types.float32, types.int64), generate


@intrinsic
def multiply_row(typing_context: Llvm, out: Llvm, factor: Llvm, count: Llvm) -> Llvm:
    """``out *= factor``."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        factor = splat(b, args[1])
        _row_kernel(b, args[2], args[0], (args[0],), lambda value: b.fmul(value, factor))
        return context.get_dummy_value()

    return types.void(types.int64, types.float32, types.int64), generate


def _total(b: Llvm, value: Llvm) -> Llvm:
    """The sum of all lanes, by halves."""
    width = LANES
    while width > 1:
        width //= 2
        order = ir.Constant(INTEGERS, [lane + width if lane < width else lane for lane in range(LANES)])
        value = b.fadd(value, b.shuffle_vector(value, ir.Constant(VECTOR, ir.Undefined), order))
    return b.extract_element(value, I32(0))


@intrinsic
def squared_gap(typing_context: Llvm, first: Llvm, second: Llvm, count: Llvm) -> Llvm:
    """The sum of ``(first - second) ** 2`` over ``count`` floats; both are addresses. NaN where one is."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        sums = cgutils.alloca_once(b, VECTOR)
        b.store(constant(0.0), sums)

        def add(offset: Llvm, flags: Llvm) -> None:
            gap = b.fsub(read(b, b.add(args[0], offset), flags), read(b, b.add(args[1], offset), flags))
            b.store(multiply_add(b, gap, gap, b.load(sums)), sums)

        over_row(b, args[2], add)
        return _total(b, b.load(sums))

    return types.float32(types.int64, types.int64, types.int64), generate
