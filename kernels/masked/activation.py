"""Activations fused into the masked kernels, and the row kernel for those that are not plain limits.

Limits (ReLU, clip) are applied in the tile's registers. Leaky ReLU and SiLU, and a residual that is added
after the activation, take one more pass over the rows just written, which are still in the nearest cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from numba import types

from evosplit.kernels.masked.row_kernels import over_row, read, write
from evosplit.kernels.masked.vectors import (
    I64,
    INTEGERS,
    VECTOR,
    Llvm,
    constant,
    integers,
    intrinsic,
    multiply_add,
    splat,
)

PLAIN: Final = 0
LEAKY: Final = 1
SILU: Final = 2
SIGMOID: Final = 3


@dataclass(frozen=True)
class Activation:
    """Limits first, then the curve: ``PLAIN``, ``LEAKY`` (negative values times ``slope``), ...

    ... ``SILU`` (x times sigmoid of x) or ``SIGMOID``.
    """

    low: float = -float("inf")
    high: float = float("inf")
    curve: int = PLAIN
    slope: float = 0.0

    @property
    def numbers(self) -> tuple[float, float, int, float]:
        """As the kernels take it."""
        return float(self.low), float(self.high), self.curve, float(self.slope)


NONE: Final = Activation()
RELU: Final = Activation(low=0.0)
SILU_CURVE: Final = Activation(curve=SILU)
SIGMOID_CURVE: Final = Activation(curve=SIGMOID)


def clip(low: float, high: float) -> Activation:
    """Limits on both sides, such as ReLU6's 0 and 6."""
    return Activation(low, high)


def leaky(slope: float) -> Activation:
    """Negative values times ``slope``."""
    return Activation(curve=LEAKY, slope=slope)


_MAGIC: Final = 1.5 * 2**23
_POLYNOMIAL: Final = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    0.5,
)
"""exp(r) = 1 + r + r^2 p(r) for |r| <= ln(2) / 2 (Cephes, expf)."""


def _exponential(b: Llvm, x: Llvm) -> Llvm:
    """exp(x) of a vector for x in -87..87; a NaN stays one."""
    shifted = multiply_add(b, x, constant(1.44269504088896341), constant(_MAGIC))
    whole = b.fsub(shifted, constant(_MAGIC))
    rest = multiply_add(b, whole, constant(-0.693359375), x)
    rest = multiply_add(b, whole, constant(2.12194440e-4), rest)
    value = constant(_POLYNOMIAL[0])
    for factor in _POLYNOMIAL[1:]:
        value = multiply_add(b, value, rest, constant(factor))
    value = multiply_add(b, value, b.fmul(rest, rest), b.fadd(rest, constant(1.0)))
    bits = b.shl(b.add(b.bitcast(shifted, INTEGERS), integers(127)), integers(23))
    return b.fmul(value, b.bitcast(bits, VECTOR))


def _divided(b: Llvm, value: Llvm, x: Llvm) -> Llvm:
    """Value / (1 + exp(-x)); comparisons in this order keep a NaN."""
    negative = b.fsub(constant(0.0), x)
    for limit, sign in ((-87.0, "<"), (87.0, ">")):
        negative = b.select(b.fcmp_ordered(sign, negative, constant(limit)), constant(limit), negative)
    return b.fdiv(value, b.fadd(constant(1.0), _exponential(b, negative)))


def _leaky(b: Llvm, x: Llvm, slope: Llvm) -> Llvm:
    return b.select(b.fcmp_ordered("<", x, constant(0.0)), b.fmul(x, splat(b, slope)), x)


def _curved(b: Llvm, x: Llvm, curve: Llvm, slope: Llvm) -> Llvm:
    """Branches rather than selects: SiLU costs far more than the rest."""
    start, curves, bend, after = b.block, *(b.append_basic_block() for _ in range(3))
    b.cbranch(b.icmp_signed("==", curve, I64(PLAIN)), after, curves)
    b.position_at_end(curves)
    lines = _leaky(b, x, slope)
    b.cbranch(b.icmp_signed("==", curve, I64(LEAKY)), after, bend)
    b.position_at_end(bend)
    top = b.select(b.icmp_signed("==", curve, I64(SILU)), x, constant(1.0))
    smooth = _divided(b, top, x)
    b.branch(after)
    b.position_at_end(after)
    result = b.phi(VECTOR)
    for value, block in ((x, start), (lines, curves), (smooth, bend)):
        result.add_incoming(value, block)
    return result


def _limited(b: Llvm, x: Llvm, low: Llvm, high: Llvm) -> Llvm:
    """Comparisons in this order keep a NaN."""
    low, high = splat(b, low), splat(b, high)
    x = b.select(b.fcmp_ordered("<", x, low), low, x)
    return b.select(b.fcmp_ordered(">", x, high), high, x)


def _added(b: Llvm, value: Llvm, other: Llvm, offset: Llvm, flags: Llvm) -> Llvm:
    before, adding, after = b.block, b.append_basic_block(), b.append_basic_block()
    b.cbranch(b.icmp_signed("!=", other, I64(0)), adding, after)
    b.position_at_end(adding)
    total = b.fadd(value, read(b, b.add(other, offset), flags))
    b.branch(after)
    b.position_at_end(after)
    result = b.phi(VECTOR)
    result.add_incoming(value, before)
    result.add_incoming(total, adding)
    return result


@intrinsic
def finish_row(
    typing_context: Llvm, place: Llvm, other: Llvm, count: Llvm, low: Llvm, high: Llvm, curve: Llvm,
    slope: Llvm,
) -> Llvm:  # fmt: skip
    """Limit and bend ``count`` floats at address ``place``, then add those at address ``other`` (0: none)."""

    def generate(context: Llvm, b: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        place, other, count, low, high, curve, slope = args

        def finish(offset: Llvm, flags: Llvm) -> None:
            here = b.add(place, offset)
            value = _curved(b, _limited(b, read(b, here, flags), low, high), curve, slope)
            write(b, _added(b, value, other, offset, flags), here, flags)

        over_row(b, count, finish)
        return context.get_dummy_value()

    whole, real = types.int64, types.float32
    return types.void(whole, whole, whole, real, real, whole, real), generate
