"""Micro-kernel of depthwise convolution: a few positions times a few vectors of channels, in registers.

Weights are read once for four positions. Sums run over taps in the same order for every shape.
"""

from __future__ import annotations

from typing import Final

from numba import types

from evosplit.kernels.masked.tile_steps import Tile
from evosplit.kernels.masked.vectors import (
    I64,
    LANES,
    VECTOR_BYTES,
    WIDE,
    Llvm,
    intrinsic,
    lanes_below,
    load,
    load_some,
    multiply_add,
    number,
)

PLACES: Final = 4
WIDTHS: Final = (4, 2, 1) if WIDE else (1,)
"""Vectors of a tile, widest first; beside them, one that is not whole."""
WIDEST: Final = WIDTHS[0] * LANES
_INTEGERS: Final = 12


class _DepthwiseTile(Tile):
    def __init__(self, builder: Llvm, vectors: int, is_whole: bool, arguments: Llvm) -> None:
        self.b, self.places, self.vectors = builder, PLACES, vectors
        self.rows, self.row_step, self.shifts, self.x_shift, self.taps = arguments[:5]
        self.weights, self.weight_step, self.bias = arguments[5:8]
        self.outs, self.adds, self.out_shift, self.lanes = arguments[8:12]
        self.low, self.high = arguments[12:]
        self.flags = None if is_whole else lanes_below(builder, self.lanes)

    def emit(self) -> None:
        start = [load(self.b, self.bias, v * VECTOR_BYTES) for v in range(self.vectors)]
        sums = [start[v] for _ in range(self.places) for v in range(self.vectors)]
        self.finish(self.loop(self.taps, 1, [I64(0), self.weights, *sums], self._tap)[2:])

    def _tap(self, index: Llvm, state: list[Llvm]) -> list[Llvm]:
        b, (weights, *sums) = self.b, state
        row = b.add(self.rows, b.mul(index, self.row_step))
        shift = b.add(self.x_shift, number(b, b.add(self.shifts, b.shl(index, I64(3)))))
        factors = [load(b, weights, v * VECTOR_BYTES) for v in range(self.vectors)]
        for p in range(self.places):
            place = b.add(number(b, row, p), shift)
            for v, factor in enumerate(factors):
                index = p * self.vectors + v
                sums[index] = multiply_add(b, self._input(place, v), factor, sums[index])
        return [b.add(weights, self.weight_step), *sums]

    def _input(self, place: Llvm, v: int) -> Llvm:
        if self.flags is None:
            return load(self.b, place, v * VECTOR_BYTES)
        return load_some(self.b, place, self.flags)


@intrinsic
def depthwise_tile(
    typing_context: Llvm, rows: Llvm, row_step: Llvm, shifts: Llvm, x_shift: Llvm, taps: Llvm, weights: Llvm,
    weight_step: Llvm, bias: Llvm, outs: Llvm, adds: Llvm, out_shift: Llvm, lanes: Llvm, low: Llvm,
    high: Llvm,
) -> Llvm:  # fmt: skip
    """Convolve at four positions, channel by channel; arguments as those of ``convolve_tile``.

    ``weights``: the address of the first tap's; the next tap's lie ``weight_step`` bytes on.
    ``lanes``: channels: a width's, or fewer than 16.
    """

    def generate(context: Llvm, builder: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        for vectors in WIDTHS:
            with builder.if_then(builder.icmp_signed("==", args[11], I64(vectors * LANES))):
                _DepthwiseTile(builder, vectors, True, args).emit()
        with builder.if_then(builder.icmp_signed("<", args[11], I64(LANES))):
            _DepthwiseTile(builder, 1, False, args).emit()
        return context.get_dummy_value()

    return types.void(*[types.int64] * _INTEGERS, types.float32, types.float32), generate
