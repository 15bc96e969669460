"""Change masks: which positions of a frame differ from the frame before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.jit import compiled
from evosplit.shared.errors import InputError

Mask = NDArray[np.bool_]
Frame = NDArray[Any]


@compiled
def _differ(previous: Frame, current: Frame, threshold: float, block: int, mask: Mask) -> None:
    """Both (channels, height, width), any strides; ``mask`` is cleared, one place per block.

    Written so that a NaN is a change: nothing compares as at most the threshold with it.
    """
    rows, columns = previous.shape[1], previous.shape[2]
    for channel in range(previous.shape[0]):
        for y in range(rows):
            for x in range(columns):
                before, now = previous[channel, y, x], current[channel, y, x]
                mask[y // block, x // block] |= not abs(float(now) - float(before)) <= threshold


@compiled
def _differ_rows(previous: Frame, current: Frame, threshold: np.float32, mask: Mask) -> None:
    """As ``_differ`` for single positions and float32 planes; the inner loop vectorises."""
    for channel in range(previous.shape[0]):
        for y in range(previous.shape[1]):
            for x in range(previous.shape[2]):
                gap = np.float32(abs(current[channel, y, x] - previous[channel, y, x]))
                mask[y, x] |= not gap <= threshold


def changed(
    previous: NDArray[Any],
    current: NDArray[Any],
    threshold: float,
    block: int = 1,
    channels_last: bool = False,
) -> Mask:
    """Mask (height, width) of positions where any channel changed by more than ``threshold``.

    ``previous`` and ``current``: uint8 or float32 (channels, height, width), or (height, width, channels)
    when ``channels_last``. ``block``: where one position of a ``block`` x ``block`` square changed, all count
    as changed. A NaN counts as changed. At threshold 0, what is not set is equal in value.
    """
    if previous.shape != current.shape or previous.dtype != current.dtype or previous.ndim != 3:
        raise InputError(f"frames of {previous.dtype} {previous.shape} and {current.dtype} {current.shape}")
    if not threshold >= 0 or block < 1:
        raise InputError(f"a threshold of {threshold} with blocks of {block}")
    if channels_last:
        previous, current = previous.transpose(2, 0, 1), current.transpose(2, 0, 1)
    size = previous.shape[1:]
    mask = np.zeros((-(-size[0] // block), -(-size[1] // block)), bool)
    if block == 1 and previous.dtype == np.float32:
        _differ_rows(previous, current, np.float32(threshold), mask)
    else:
        _differ(previous, current, float(threshold), block, mask)
    return mask if block == 1 else mask.repeat(block, 0).repeat(block, 1)[: size[0], : size[1]]
