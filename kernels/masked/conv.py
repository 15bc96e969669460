"""Masked convolution: packed weights, a buffer for the list of positions, and the choice of kernel.

``x``, ``out`` and residuals are float32 (height, width, channels), channels side by side in memory; rows and
columns may have any strides, so ``out`` may be a slice of the channels of a concatenation. Results equal the
dense convolution to float32 rounding where the mask is set, and do not depend on which other positions are
computed; elsewhere ``out`` keeps what it holds. Buffers from ``arrays.aligned`` are read faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.masked.activation import NONE, Activation
from evosplit.kernels.masked.array_checks import Floats, check_array
from evosplit.kernels.masked.convolve import convolve
from evosplit.kernels.masked.depthwise import convolve_depthwise
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.set_positions import Mask, Positions, positions_of
from evosplit.kernels.masked.signatures import CONVOLVE, DEPTHWISE, ready
from evosplit.kernels.masked.spin_wait import ALONE, BELL
from evosplit.kernels.masked.threads import NO_JOB, run_shared
from evosplit.kernels.masked.weights import pack_depthwise, pack_weights
from evosplit.kernels.masked.window import Pair, Window
from evosplit.shared.errors import InputError

LEAST_MACS: Final = 1 << 23
"""Multiply-accumulates (roughly 0.1 milliseconds) below which a second thread comes too late to help."""
SHARE_MACS: Final = 1 << 20
"""Multiply-accumulates (roughly 15 microseconds) that are worth a share of their own."""
OUTPUT_MACS: Final = 24
"""Multiply-accumulates that take as long as an output value's own way through the caches."""
SHARES: Final = 4
"""Shares per thread, so that a thread whose processor is taken away does not hold up the others for long."""
LARGE_WEIGHTS: Final = 1 << 18
"""Weights (1 MiB) beyond which threads share out the output channels, so that each reads its part only,"""
LEAST_BLOCKS: Final = 8
"""provided that there are this many blocks of channels."""


class MaskedConv:
    """One convolution layer. Not for use by two threads at once: it holds room for positions."""

    def __init__(
        self,
        weights: Floats,
        bias: Floats | None = None,
        stride: Pair = (1, 1),
        pads: tuple[int, int, int, int] = (0, 0, 0, 0),
        dilation: Pair = (1, 1),
        groups: int = 1,
        activation: Activation = NONE,
        residual_last: bool = False,
    ) -> None:
        """``weights`` float32 (out channels, in channels / groups, kernel rows, columns), ``bias`` (out).

        ``residual_last``: a residual is added after the activation instead of before it.
        """
        _check_weights(weights, bias, groups)
        kernel = (weights.shape[2], weights.shape[3])
        self.window = Window(kernel, (stride[0], stride[1]), pads, (dilation[0], dilation[1]))
        self.in_channels, self.out_channels = weights.shape[1] * groups, weights.shape[0]
        self.activation = activation
        self._work = weights.size + OUTPUT_MACS * self.out_channels
        self._residual_last = residual_last
        if weights.shape[1] == 1 and groups == weights.shape[0]:
            self._kernel = ready(convolve_depthwise, DEPTHWISE)
            self._layer = self._depthwise(weights, bias)
        else:
            self._kernel = ready(convolve, CONVOLVE)
            self._layer = self._general(weights, bias, groups)
        self._room = np.empty(0, np.int32)
        self._checked: tuple[Any, ...] = ()

    def _depthwise(self, weights: Floats, bias: Floats | None) -> tuple[Any, ...]:
        """The layer as ``convolve_depthwise`` takes it."""
        return geometry_of(self.window), *pack_depthwise(weights, bias), *self.activation.numbers

    def _general(self, weights: Floats, bias: Floats | None, groups: int) -> tuple[Any, ...]:
        """The layer as ``convolve`` takes it."""
        packed = pack_weights(weights, bias, groups)
        blocks = packed.blocks * groups
        by_blocks = packed.values.size > LARGE_WEIGHTS and blocks >= LEAST_BLOCKS
        shape = (packed.depth, packed.channels, blocks, by_blocks)
        return geometry_of(self.window), packed.values, packed.bias, *shape, *self.activation.numbers

    def out_shape(self, in_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(height, width, channels) of the output for an input of (height, width, channels)."""
        return *self.window.out_size((in_shape[0], in_shape[1])), self.out_channels

    def run(
        self,
        x: Floats,
        mask: NDArray[np.bool_] | Mask,
        out: Floats,
        residual: Floats | None = None,
        threads: int = 1,
    ) -> None:
        """Compute ``out`` where ``mask`` (height, width of ``out``; bool or uint8) is set."""
        if mask.shape != out.shape[:2]:
            raise InputError(f"a mask of {mask.shape} for an output of {out.shape}")
        if self._room.size <= mask.size:
            self._room = np.empty(mask.size + 1, np.int32)
        self.run_at(x, positions_of(mask, self._room), out, residual, threads)

    def run_at(
        self, x: Floats, positions: Positions, out: Floats, residual: Floats | None = None, threads: int = 1
    ) -> None:
        """Compute ``out`` at ``positions`` (see ``gather``), which layers can share; all must exist."""
        self._check(x, out, residual)
        self._bound(x, out, residual, threads)(positions)

    def bound(
        self, x: Floats, out: Floats, residual: Floats | None = None, threads: int = 1
    ) -> Callable[[Positions], None]:
        """``run_at`` for the same arrays every time: they are checked once."""
        self._check(x, out, residual)
        return self._bound(x, out, residual, threads)

    def _bound(
        self, x: Floats, out: Floats, residual: Floats | None, threads: int
    ) -> Callable[[Positions], None]:
        arrays = (x, out, out if residual is None else residual, residual is not None, self._residual_last)

        def run(positions: Positions) -> None:
            work = self._work * positions.size
            if threads > 1 and work >= LEAST_MACS:
                parts = min(SHARES * threads, work // SHARE_MACS)
                run_shared(lambda *job: self._kernel(*job, *arrays, positions, *self._layer), parts, threads)
            elif work:
                # The kernel's first three arguments are the job's, see ``threads``.
                self._kernel(NO_JOB, BELL, ALONE, *arrays, positions, *self._layer)

        return run

    def _check(self, x: Floats, out: Floats, residual: Floats | None) -> None:
        seen = (
            x.shape,
            x.strides,
            out.shape,
            out.strides,
            residual is None or (residual.shape, residual.strides),
        )
        if seen == self._checked and x.dtype == out.dtype == np.float32:
            return
        arrays: list[tuple[str, NDArray[Any], tuple[int, ...]]] = [
            ("input", x, (*x.shape[:2], self.in_channels)),
            ("output", out, self.out_shape(x.shape)),
        ]
        if residual is not None:
            arrays.append(("residual", residual, out.shape))
        for name, array, shape in arrays:
            check_array(name, array, shape)
        self._checked = seen


def _check_weights(weights: Floats, bias: Floats | None, groups: int) -> None:
    if weights.ndim != 4 or groups < 1 or weights.shape[0] % groups:
        raise InputError(f"weights of {weights.shape} in {groups} groups")
    if bias is not None and bias.shape != weights.shape[:1]:
        raise InputError(f"a bias of {bias.shape} for weights of {weights.shape}")
