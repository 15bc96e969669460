"""Micro-kernel of convolution: a few positions times a few vectors of output channels, in registers.

Twelve positions times 32 channels are 24 AVX-512 registers of sums; two more hold weights, and inputs are
broadcast from memory. Targets with fewer or narrower registers take six positions times 16 channels. Nothing
is gathered or copied: every position has its own input address, so positions need not be neighbours.

Sums run over taps, then input channels, in the same order for every tile shape: a position's result does not
depend on which other positions are computed.
"""

from __future__ import annotations

from typing import Final

from numba import types

from evosplit.kernels.masked.tile_steps import Tile
from evosplit.kernels.masked.vectors import (
    I64,
    LANES,
    VECTOR,
    VECTOR_BYTES,
    WIDE,
    Llvm,
    intrinsic,
    load,
    multiply_add,
    number,
    pointer,
    splat,
)

PLACES: Final = 12 if WIDE else 6
"""Most positions of a tile."""
STEP: Final = PLACES // 6
"""Tiles have a multiple of this many positions, up to ``PLACES``, so that short lists waste little."""
VECTORS: Final = 2 if WIDE else 1
CHANNELS: Final = VECTORS * LANES
"""Output channels of a tile; a narrower one is for what is left."""
_UNROLL: Final = 4
_INTEGERS: Final = 13


class _ConvolutionTile(Tile):
    def __init__(self, builder: Llvm, places: int, vectors: int, arguments: Llvm) -> None:
        self.b, self.places, self.vectors = builder, places, vectors
        self.rows, self.row_step, self.shifts, self.x_shift, self.taps, self.depth = arguments[:6]
        self.weights, self.bias, self.outs, self.adds, self.out_shift, self.lanes = arguments[6:12]
        self.low, self.high = arguments[12:]

    def emit(self) -> None:
        start = [load(self.b, self.bias, v * VECTOR_BYTES) for v in range(self.vectors)]
        self.finish(self._over_taps([start[v] for _ in range(self.places) for v in range(self.vectors)]))

    def _over_taps(self, sums: list[Llvm]) -> list[Llvm]:
        def tap(index: Llvm, state: list[Llvm]) -> list[Llvm]:
            b = self.b
            row = b.add(self.rows, b.mul(index, self.row_step))
            shift = b.add(self.x_shift, number(b, b.add(self.shifts, b.shl(index, I64(3)))))
            inputs = [pointer(b, b.add(number(b, row, p), shift)) for p in range(self.places)]
            return self._over_channels(inputs, state)

        return self.loop(self.taps, 1, [I64(0), pointer(self.b, self.weights), *sums], tap)[2:]

    def _over_channels(self, inputs: list[Llvm], state: list[Llvm]) -> list[Llvm]:
        """Four input channels at a time, then one at a time; state is the weights' pointer and the sums."""

        def some(count: int) -> Llvm:
            return lambda index, values: self._accumulate(inputs, index, values, count)

        many = self.loop(self.depth, _UNROLL, [I64(0), *state], some(_UNROLL))
        return self.loop(self.depth, 1, many, some(1))[1:]

    def _accumulate(self, inputs: list[Llvm], index: Llvm, state: list[Llvm], count: int) -> list[Llvm]:
        b, (weights, *sums) = self.b, state
        for c in range(count):
            columns = [
                b.load(
                    b.bitcast(b.gep(weights, [I64((c * self.vectors + v) * LANES)]), VECTOR.as_pointer()),
                    align=4,
                )
                for v in range(self.vectors)
            ]
            for p, row in enumerate(inputs):
                value = splat(b, b.load(b.gep(row, [b.add(index, I64(c))]), align=4))
                for v, column in enumerate(columns):
                    place = p * self.vectors + v
                    sums[place] = multiply_add(b, value, column, sums[place])
        return [b.gep(weights, [I64(count * self.vectors * LANES)]), *sums]


def _emit_shapes(builder: Llvm, args: Llvm) -> None:
    """A tile for each shape; which one runs is chosen by number of positions and of channels."""
    places, *rest = args
    lanes = rest[11]
    for vectors in range(1, VECTORS + 1):
        fits = builder.icmp_signed("<=", lanes, I64(vectors * LANES))
        needed = builder.icmp_signed(">", lanes, I64((vectors - 1) * LANES))
        with builder.if_then(builder.and_(fits, needed)):
            for count in range(STEP, PLACES + 1, STEP):
                with builder.if_then(builder.icmp_signed("==", places, I64(count))):
                    _ConvolutionTile(builder, count, vectors, rest).emit()


@intrinsic
def convolve_tile(
    typing_context: Llvm, places: Llvm, rows: Llvm, row_step: Llvm, shifts: Llvm, x_shift: Llvm, taps: Llvm,
    depth: Llvm, weights: Llvm, bias: Llvm, outs: Llvm, adds: Llvm, out_shift: Llvm, lanes: Llvm,
    low: Llvm, high: Llvm,
) -> Llvm:  # fmt: skip
    """Convolve at ``places`` positions; all but ``low`` and ``high`` (float32) are int64, most are addresses.

    ``places``: a multiple of ``STEP`` up to ``PLACES``.
    ``rows``: input addresses, one per position; the next tap's lie ``row_step`` bytes on (0: the same again).
    ``shifts``: bytes to add to them, one per tap; ``x_shift``: bytes to add always (a group's first channel).
    ``weights``: float32 (taps, depth, ``lanes`` filled up to whole vectors), ``bias``: float32, as many.
    ``outs``, ``adds``: addresses of output and residual, one per position; ``adds`` may be 0 for none;
    ``out_shift``: bytes to add to both. ``lanes``: output channels to write, up to ``CHANNELS``.
    Result: min(max(sum + bias + residual, ``low``), ``high``).
    """

    def generate(context: Llvm, builder: Llvm, signature: Llvm, args: Llvm) -> Llvm:
        _emit_shapes(builder, args)
        return context.get_dummy_value()

    return types.void(*[types.int64] * _INTEGERS, types.float32, types.float32), generate
