"""Mask algebra: how a mask passes through layers. Masks are bool (height, width).

Forwards, for masks of what changed: an output position is set where anything in its window is. Backwards, for
masks of what is wanted: an input position is set where any wanted output position reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.masked.window import Pair, Window
from evosplit.shared.errors import InputError

Mask = NDArray[np.bool_]


def through(mask: Mask, window: Window) -> Mask:
    """The mask behind a convolution or pool: set where the window holds a set position."""
    top, left, bottom, right = window.pads
    size = window.out_size((mask.shape[0], mask.shape[1]))
    padded = np.pad(mask, ((top, bottom), (left, right)))
    rows = reduce(np.logical_or, (padded[part] for part in _steps(window, 0, size[0])))
    return reduce(np.logical_or, (rows[:, part] for part in _steps(window, 1, size[1])))


def needed(mask: Mask, window: Window, in_size: Pair) -> Mask:
    """Input positions (of ``in_size``) that a convolution or pool reads to compute those of ``mask``."""
    top, left, bottom, right = window.pads
    size = window.out_size(in_size)
    if mask.shape != size:
        raise InputError(f"a mask of {mask.shape} for an output of {size}")
    rows = np.zeros((mask.shape[0], in_size[1] + left + right), bool)
    for part in _steps(window, 1, size[1]):
        rows[:, part] |= mask
    read = np.zeros((in_size[0] + top + bottom, rows.shape[1]), bool)
    for part in _steps(window, 0, size[0]):
        read[part] |= rows
    return read[top : top + in_size[0], left : left + in_size[1]]


def _steps(window: Window, axis: int, count: int) -> list[slice]:
    """For each tap along ``axis``, the padded positions that ``count`` outputs read."""
    stride, gap = window.stride[axis], window.dilation[axis]
    starts = [tap * gap for tap in range(window.kernel[axis])]
    return [slice(start, start + stride * (count - 1) + 1, stride) for start in starts]


def grow(mask: Mask, reach: int) -> Mask:
    """Set every position at most ``reach`` rows and columns from a set one."""
    return through(mask, Window((2 * reach + 1, 2 * reach + 1), pads=(reach, reach, reach, reach)))


def upsample(mask: Mask, factor: Pair) -> Mask:
    """The mask behind nearest-neighbour upsampling by whole factors (rows, columns)."""
    return mask.repeat(factor[0], axis=0).repeat(factor[1], axis=1)


def union(masks: Sequence[Mask]) -> Mask:
    """The mask behind a concatenation or an element-wise operation: set where any is."""
    if not masks or any(mask.shape != masks[0].shape for mask in masks):
        raise InputError(f"no union of masks of {[mask.shape for mask in masks]}")
    return reduce(np.logical_or, masks[1:], masks[0].copy())


def density(mask: Mask) -> float:
    """Share of set positions, 0 .. 1."""
    return float(np.count_nonzero(mask)) / max(1, mask.size)
