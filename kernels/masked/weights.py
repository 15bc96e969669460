"""Weight packing in the order in which the micro-kernels read.

A *block* is the output channels of one tile. For each group, block after block, a block holds float32
(taps, input channels of the group, channels of the block), so that a tile reads it from front to back. The
last block of a group is filled up with zeros to whole vectors of sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evosplit.kernels.masked.array_checks import Floats, aligned
from evosplit.kernels.masked.tile import CHANNELS
from evosplit.kernels.masked.vectors import LANES


@dataclass(frozen=True)
class PackedWeights:
    """``values`` flat float32; ``bias`` float32 (groups, channels of a group filled up to whole vectors)."""

    values: Floats
    bias: Floats
    groups: int
    depth: int
    channels: int
    """Input and output channels of one group."""

    @property
    def blocks(self) -> int:
        """Blocks of one group."""
        return -(-self.channels // CHANNELS)


def filled_up(channels: int) -> int:
    """``channels`` rounded up to whole vectors."""
    return -(-channels // LANES) * LANES


def pack_weights(weights: Floats, bias: Floats | None, groups: int) -> PackedWeights:
    """Pack ``weights`` (out channels, in channels of a group, kernel rows, columns), ``bias`` (out)."""
    channels, depth = weights.shape[0] // groups, weights.shape[1]
    width = filled_up(channels)
    taps = weights.shape[2] * weights.shape[3]
    ordered = aligned((groups, taps, depth, width))
    ordered[..., :channels] = weights.reshape(groups, channels, depth, taps).transpose(0, 3, 2, 1)
    parts = [
        ordered[group, :, :, start : start + CHANNELS].reshape(-1)
        for group in range(groups)
        for start in range(0, width, CHANNELS)
    ]
    filled = aligned((groups, width))
    if bias is not None:
        filled[:, :channels] = bias.reshape(groups, channels)
    values = aligned((ordered.size,))
    np.concatenate(parts, out=values)
    return PackedWeights(values, filled, groups, depth, channels)


def pack_depthwise(weights: Floats, bias: Floats | None) -> tuple[Floats, Floats]:
    """Pack ``weights`` (channels, 1, kernel rows, columns) to (taps, channels), filled up; and ``bias``."""
    channels, width = weights.shape[0], filled_up(weights.shape[0])
    packed = aligned((weights.shape[2] * weights.shape[3], width))
    packed[:, :channels] = weights.reshape(channels, -1).T
    filled = aligned((width,))
    if bias is not None:
        filled[:channels] = bias
    return packed, filled
