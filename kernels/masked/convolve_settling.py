"""Convolution whose output settles: some positions at a time, so that what was there stays in near caches."""

from __future__ import annotations

from typing import Final

from kernels.jit import compiled
from kernels.masked.arrays import Floats, Numbers
from kernels.masked.convolve import convolve
from kernels.masked.gather import Mask, Positions
from kernels.masked.settle import Rows, clear_all, save_rows, settle_more
from kernels.masked.spin import ALONE
from kernels.masked.tile import PLACES

_SOME: Final = 20 * PLACES
"""A whole number of tiles."""


@compiled
def convolve_settling(
    job: Numbers, bell: Numbers, x: Floats, out: Floats, add: Floats, has_add: bool, add_last: bool,
    positions: Positions, geometry: Numbers, weights: Floats, bias: Floats, depth: int, channels: int,
    blocks: int, by_blocks: bool, low: float, high: float, curve: int, slope: float, saved: Rows,
    limit: float, mask: Mask, found: Positions,
) -> int:  # fmt: skip
    """As ``save_rows``, ``convolve`` by one thread and ``settle`` one after the other."""
    count = 0
    clear_all(mask)
    for first in range(0, positions.size, _SOME):
        some = positions[first : first + _SOME]
        save_rows(out, some, saved)
        convolve(job, bell, ALONE, x, out, add, has_add, add_last, some, geometry, weights, bias,
                 depth, channels, blocks, by_blocks, low, high, curve, slope)  # fmt: skip
        count = settle_more(out, saved, some, limit, mask, found, count)
    return count
