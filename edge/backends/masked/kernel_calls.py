"""Kernel binding: operations as calls of the masked kernels, weights packed once, arrays bound per stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from evosplit.edge.backends.masked.ops import Activate, Add, Conv, Op, Pool, Scale, Upsample, Zeros
from evosplit.kernels.masked import elementwise
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.conv import MaskedConv
from evosplit.kernels.masked.pool import average_pool, max_pool
from evosplit.kernels.masked.set_positions import Positions

Call: TypeAlias = Callable[[Positions], object]
"""Computes an operation at some positions."""
Kernel: TypeAlias = Callable[[Sequence[Floats], Floats], Call]
"""Binds an operation to the arrays that it reads and its output."""


def kernel_of(op: Op, threads: int) -> Kernel | None:
    """What computes an operation; None where nothing needs to be done."""
    return _CONVERT[type(op)](op, threads) if type(op) in _CONVERT else None


def work_per_position(op: Op, channels: Mapping[str, int]) -> int:
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

    return lambda reads, out: layer.bound(reads[0], out, reads[1] if len(reads) > 1 else None, threads)


def _pool(op: Pool, threads: int) -> Kernel:
    if op.is_max:
        return lambda reads, out: lambda positions: max_pool(reads[0], op.window, positions, out)
    return lambda reads, out: (
        lambda positions: average_pool(reads[0], op.window, positions, out, op.include_padding)
    )


def _add(op: Add, threads: int) -> Kernel:
    return lambda reads, out: (
        lambda positions: elementwise.add(reads[0], reads[1], positions, out, op.activation)
    )


def _scale(op: Scale, threads: int) -> Kernel:
    return lambda reads, out: (
        lambda positions: elementwise.scale_shift(reads[0], op.scale, op.shift, positions, out, op.activation)
    )


def _activate(op: Activate, threads: int) -> Kernel:
    return lambda reads, out: lambda positions: elementwise.activate(reads[0], positions, out, op.activation)


def _upsample(op: Upsample, threads: int) -> Kernel:
    return lambda reads, out: lambda positions: elementwise.upsample(reads[0], op.factor, positions, out)


def _zeros(op: Zeros, threads: int) -> Kernel:
    return lambda reads, out: lambda positions: elementwise.fill(out, positions, 0.0)


_CONVERT: dict[type, Callable[..., Kernel]] = {
    Conv: _conv,
    Pool: _pool,
    Add: _add,
    Scale: _scale,
    Activate: _activate,
    Upsample: _upsample,
    Zeros: _zeros,
}
