"""Mask state of a group in the current frame: its mask and positions, derived from the groups before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.mask_groups import Dilated, MaskRule, Strided, Union, Upsampled
from evosplit.kernels.masked.mask_dilation import limit_and_list, spread_and_list
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.set_positions import Positions, positions_of
from evosplit.kernels.masked.window import Pair

Bytes = NDArray[np.uint8]

ALL: Final[Bytes] = np.zeros((0, 0), np.uint8)
"""Stands for a mask in which every position is required."""


class MaskState:
    """``mask`` uint8 (h, w) and ``positions`` of its set elements, for a group in this frame."""

    def __init__(self, rule: MaskRule) -> None:
        self.rule = rule
        self.size: Pair = rule.size
        self.mask: Bytes = np.zeros(self.size, np.uint8)
        self.required: Bytes = ALL
        self.everywhere: Positions = positions_of(np.ones(self.size, np.uint8))
        self.positions: Positions = self.everywhere
        self._listing = np.empty(self.mask.size + 1, np.int32)
        if isinstance(rule, Dilated):
            self._geometry = geometry_of(rule.window)

    @property
    def listing(self) -> Positions:
        """Buffer in which kernels list positions."""
        return self._listing

    def require(self, mask: Bytes) -> None:
        """From now on, compute only these positions."""
        self.required = mask

    def set_required(self) -> None:
        """Every position that is required."""
        self.positions = self.everywhere if self.required is ALL else self._listed()

    def set_found(self, count: int) -> None:
        """The first ``count`` positions of ``listing``, which ``mask`` agrees with."""
        self.positions = self._listing[:count]

    def set_marked(self) -> None:
        """The positions of ``mask`` that are required."""
        count = limit_and_list(self.mask, self.required, self._listing)
        self.positions = self._listing[:count]

    def take(self, other: MaskState) -> None:
        """The same positions as another group of this size."""
        np.copyto(self.mask, other.mask)
        self.positions = other.positions

    def _listed(self) -> Positions:
        return positions_of(self.required, self._listing)

    def follow(self, states: Sequence[MaskState]) -> None:
        """From the groups that the rule reads."""
        if not any(state.positions.size for state in states):
            self.mask.fill(0)
            self.positions = self._listing[:0]
        elif isinstance(self.rule, Dilated):
            count = spread_and_list(states[0].mask, self._geometry, self.mask, self.required, self._listing)
            self.positions = self._listing[:count]
        else:
            self._combine(states)
            self.set_marked()

    def _combine(self, states: Sequence[MaskState]) -> None:
        if isinstance(self.rule, Union):
            np.copyto(self.mask, states[0].mask)
            for state in states[1:]:
                np.bitwise_or(self.mask, state.mask, out=self.mask)
        elif isinstance(self.rule, Strided):
            np.copyto(self.mask, states[0].mask[slice(*self.rule.rows), slice(*self.rule.columns)])
        elif isinstance(self.rule, Upsampled):
            (rows, columns), (height, width) = self.rule.factor, states[0].size
            np.copyto(self.mask.reshape(height, rows, width, columns), states[0].mask[:, None, :, None])
