"""Operations as calls of the masked kernels: weights packed once, arrays bound per stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edge.masked.ops import Activate, Add, Conv, Op, Pool, Scale, Upsample, Zeros
from kernels.masked import elementwise
from kernels.masked.arrays import Floats
from kernels.masked.conv import MaskedConv
from kernels.masked.gather import Mask, Positions
from kernels.masked.pool import average_pool, max_pool
from kernels.masked.settle import Rows, save_rows, settle

Call: TypeAlias = Callable[[Positions], object]
"""Computes an operation at some positions."""
Bind: TypeAlias = Callable[[Sequence[Floats], Floats], Call]
Settle: TypeAlias = Callable[[Positions, float, Mask, Positions], int]
"""Computes, then settles; see ``kernels.masked.settle`` for limit, mask, found and what is returned."""


@dataclass(frozen=True)
class Kernel:
    """``bind``: to the arrays that are read and the output; ``bind_settling``: those, and room to save it."""

    bind: Bind
    bind_settling: Callable[[Sequence[Floats], Floats, Rows], Settle]


def kernel_of(op: Op, threads: int) -> Kernel | None:
    """What computes an operation; None where nothing needs to be done."""
    if isinstance(op, Conv):
        return _conv(op, threads)
    return _in_steps(_CONVERT[type(op)](op)) if type(op) in _CONVERT else None


def _in_steps(bind: Bind) -> Kernel:
    def bind_settling(reads: Sequence[Floats], out: Floats, saved: Rows) -> Settle:
        call = bind(reads, out)

        def run(positions: Positions, limit: float, mask: Mask, found: Positions) -> int:
            save_rows(out, positions, saved)
            call(positions)
            return settle(out, saved, positions, limit, mask, found)

        return run

    return Kernel(bind, bind_settling)


def work_of(op: Op, channels: Mapping[str, int]) -> int:
    """Multiply-accumulates, or values written, per position."""
    return op.weights.size if isinstance(op, Conv) else channels[op.out]


def _conv(op: Conv, threads: int) -> Kernel:
    layer = MaskedConv(
        op.weights,
        op.bias,
        op.window.stride,
        op.window.pads,
        op.window.dilation,
        op.groups,
        op.activation,
        op.residual_last,
    )

    def residual(reads: Sequence[Floats]) -> Floats | None:
        return reads[1] if len(reads) > 1 else None

    return Kernel(
        lambda reads, out: layer.bound(reads[0], out, residual(reads), threads),
        lambda reads, out, saved: layer.bound_settling(reads[0], out, residual(reads), saved, threads),
    )


def _pool(op: Pool) -> Bind:
    if op.is_max:
        return lambda reads, out: lambda positions: max_pool(reads[0], op.window, positions, out)
    return lambda reads, out: (
        lambda positions: average_pool(reads[0], op.window, positions, out, op.include_padding)
    )


def _add(op: Add) -> Bind:
    return lambda reads, out: (
        lambda positions: elementwise.add(reads[0], reads[1], positions, out, op.activation)
    )


def _scale(op: Scale) -> Bind:
    return lambda reads, out: (
        lambda positions: elementwise.scale_shift(reads[0], op.scale, op.shift, positions, out, op.activation)
    )


def _activate(op: Activate) -> Bind:
    return lambda reads, out: lambda positions: elementwise.activate(reads[0], positions, out, op.activation)


def _upsample(op: Upsample) -> Bind:
    return lambda reads, out: lambda positions: elementwise.upsample(reads[0], op.factor, positions, out)


def _zeros(op: Zeros) -> Bind:
    return lambda reads, out: lambda positions: elementwise.fill(out, positions, 0.0)


_CONVERT: dict[type, Callable[..., Bind]] = {
    Pool: _pool,
    Add: _add,
    Scale: _scale,
    Activate: _activate,
    Upsample: _upsample,
    Zeros: _zeros,
}
