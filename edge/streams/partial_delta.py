"""Delta of a stream: all blocks that changed, or as many of those that are furthest off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.streams.budget import Fitting, Outlook, heads_bytes, noise_of, unrestored
from evosplit.edge.streams.code_epoch import Wire
from evosplit.edge.streams.delta_frames import Coded, delta_frame
from evosplit.kernels.expected_bytes import CLASSES, expected_bytes, size_classes
from evosplit.kernels.nearer_codes import furthest, with_blocks
from evosplit.kernels.unpacked_codes import Codes
from evosplit.shared.wire import Frame

_SHARES: Final = 2.0 ** (-np.arange(33) / 4)
"""Shares of the blocks that are brought up to date, all of them first."""


@dataclass(frozen=True, eq=False)
class PartialDelta:
    """A delta of ``codes`` against ``base``, as a `evosplit.edge.streams.budget.Way`.

    The whole one leaves alone the blocks in which no code is more than ``threshold`` off.
    """

    frame: Frame
    wire: Wire
    base: Coded
    codes: Coded
    block: int
    threshold: int
    usual_factor: ClassVar[float] = 0.0

    def whole(self) -> Fitting:
        """Every block that changed."""
        content, settled = delta_frame(self.frame, self.wire, self.base, self.codes, self.threshold)
        return Fitting(content, settled, noise_of(settled, self.codes))

    def made(self, number: int) -> Fitting:
        """The blocks of that share."""
        chosen = self._ranks < self._taken[number]
        some = tuple(with_blocks(base, now, chosen[own], self.block) for base, now, own in self._tensors())
        content, _ = delta_frame(unrestored(self.frame, self.wire), self.wire, self.base, some, 0)
        return Fitting(content, some, noise_of(some, self.codes))

    @cached_property
    def outlook(self) -> Outlook:
        """By how far the codes of the blocks of each share are off."""
        shares = np.searchsorted(-self._taken, -self._ranks, side="left")
        counts, squares = np.zeros((_SHARES.size + 1, CLASSES), np.int64), np.zeros(_SHARES.size + 1)
        for base, now, own in self._tensors():
            away = now.codes.astype(np.int32) - base.codes
            by_code = shares[own].repeat(self.block)[: away.size]
            cells = by_code * CLASSES + size_classes(away)
            counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
            squares += np.bincount(by_code, np.square(away.astype(np.float64)), squares.size)
        brought = np.cumsum(counts[::-1], axis=0)[::-1][1:]
        brought[:, 0] += counts.sum() - brought.sum(1)
        left = np.cumsum(squares)[:-1]
        return Outlook(expected_bytes(brought), left, heads_bytes(self.frame, self.wire, self.codes))

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        """Of the blocks of all tensors, (blocks,), from the one that is furthest off on."""
        pairs = zip(self.base, self.codes, strict=True)
        far = np.concatenate([furthest(base, now, self.block) for base, now in pairs])
        ranks = np.empty(far.size, np.int64)
        ranks[np.argsort(-far, kind="stable")] = np.arange(far.size)
        return ranks

    @cached_property
    def _taken(self) -> NDArray[np.int64]:
        """Blocks by share."""
        return (_SHARES * self._ranks.size).astype(np.int64)

    def _tensors(self) -> Iterator[tuple[Codes, Codes, slice]]:
        """Base, codes, and which of the blocks are theirs."""
        first = 0
        for base, now in zip(self.base, self.codes, strict=True):
            count = -(-now.codes.size // self.block)
            yield base, now, slice(first, first + count)
            first += count
