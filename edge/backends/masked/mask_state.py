"""An area at work: its mask, the list of its positions, and how both follow from the areas before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.mask_groups import Enlarged, Rule, Spread, Strided, Union
from evosplit.kernels.masked.mask_dilation import limit_and_list, spread_and_list
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.set_positions import Positions, positions_of
from evosplit.kernels.masked.window import Pair

Bytes = NDArray[np.uint8]

ALL: Final[Bytes] = np.zeros((0, 0), np.uint8)
"""In place of a mask of wanted positions: every one is."""


class Live:
    """``mask`` uint8 (h, w) and ``positions`` of its set elements, for an area in this frame."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.size: Pair = rule.size
        self.mask: Bytes = np.zeros(self.size, np.uint8)
        self.wanted: Bytes = ALL
        self.everywhere: Positions = positions_of(np.ones(self.size, np.uint8))
        self.positions: Positions = self.everywhere
        self._room = np.empty(self.mask.size + 1, np.int32)
        if isinstance(rule, Spread):
            self._geometry = geometry_of(rule.window)

    @property
    def room(self) -> Positions:
        """For positions that a kernel lists."""
        return self._room

    def set_all(self) -> None:
        """Every position."""
        self.positions = self.everywhere

    def set_wanted(self) -> None:
        """Every position that is wanted."""
        self.positions = self.everywhere if self.wanted is ALL else self._listed()

    def set_found(self, count: int) -> None:
        """The first ``count`` positions of ``room``, which ``mask`` agrees with."""
        self.positions = self._room[:count]

    def set_marked(self) -> None:
        """The positions of ``mask`` that are wanted."""
        count = limit_and_list(self.mask, self.wanted, self._room)
        self.positions = self._room[:count]

    def _listed(self) -> Positions:
        return positions_of(self.wanted, self._room)

    def follow(self, lives: Sequence[Live]) -> None:
        """From the areas that the rule reads."""
        if not any(live.positions.size for live in lives):
            self.mask.fill(0)
            self.positions = self._room[:0]
        elif isinstance(self.rule, Spread):
            count = spread_and_list(lives[0].mask, self._geometry, self.mask, self.wanted, self._room)
            self.positions = self._room[:count]
        else:
            self._combine(lives)
            self.set_marked()

    def _combine(self, lives: Sequence[Live]) -> None:
        if isinstance(self.rule, Union):
            np.copyto(self.mask, lives[0].mask)
            for live in lives[1:]:
                np.bitwise_or(self.mask, live.mask, out=self.mask)
        elif isinstance(self.rule, Strided):
            np.copyto(self.mask, lives[0].mask[slice(*self.rule.rows), slice(*self.rule.columns)])
        elif isinstance(self.rule, Enlarged):
            (rows, columns), (height, width) = self.rule.factor, lives[0].size
            np.copyto(self.mask.reshape(height, rows, width, columns), lives[0].mask[:, None, :, None])
