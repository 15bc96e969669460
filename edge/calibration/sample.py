"""Reservoir sampling of distinct network inputs, spread over time and bounded in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from evosplit.edge.calibration.signature import Signature, is_known

MOST_INPUTS: Final = 256
LEAST_INPUTS: Final = 32
"""Plans are calibrated from so many different inputs at least, or from all that the bytes have room for."""


@dataclass(frozen=True, eq=False)
class Kept:
    """One input, encoded: ``name`` is the kind of blob of `evosplit.shared.oip`, ``content`` its bytes."""

    name: str
    content: bytes
    signature: Signature

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return len(self.content) + self.signature.nbytes


class LiveSample:
    """Distinct inputs at fixed places, each one that was offered as likely (reservoir sampling, algorithm R).

    An input replaces another of its place only, so that what was sent of the others need not be sent again.
    ``limit_bytes`` holds for all that is kept. All of it belongs to one event loop.
    """

    def __init__(self, limit_bytes: int, seed: int = 0) -> None:
        self._limit_bytes = limit_bytes
        self._random = Random(seed)  # noqa: S311 - which inputs stay is no secret
        self._kept: list[Kept] = []
        self._table = np.zeros((0, 0), np.float32)
        self._is_full = False
        self.offered = 0
        self.repeated = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The inputs, each at its place."""
        return tuple(self._kept)

    @property
    def size_bytes(self) -> int:
        """What all of them take."""
        return sum(item.size_bytes for item in self._kept)

    @property
    def needed(self) -> int:
        """How many it takes before they stand for the network's inputs."""
        return min(LEAST_INPUTS, max(len(self._kept), 1)) if self._is_full else LEAST_INPUTS

    @property
    def is_enough(self) -> bool:
        """Whether a network can be calibrated from them; not from fewer than two."""
        return len(self._kept) >= max(self.needed, 2)

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be added, only exchanged."""
        return self._is_full

    def place_for(self, mark: Signature) -> int | None:
        """Where an input with this signature would go; None for one that is known or not drawn."""
        if is_known(mark, self._table[: len(self._kept)]):
            self.repeated += 1
            return None
        self.offered += 1
        if not self._is_full:
            return len(self._kept)
        place = self._random.randrange(self.offered)
        return place if place < len(self._kept) else None

    def put(self, place: int, item: Kept) -> bool:
        """Whether it is kept now; it is not where the bytes have no room for it."""
        freed = self._kept[place].size_bytes if place < len(self._kept) else 0
        if self.size_bytes - freed + item.size_bytes > self._limit_bytes:
            self._is_full = True
            return False
        if place < len(self._kept):
            self._kept[place] = item
        else:
            self._kept.append(item)
        self._is_full = self._is_full or len(self._kept) >= MOST_INPUTS
        self._table = np.stack([kept.signature for kept in self._kept])
        return True

    def halve(self) -> None:
        """Forget every other input, so that those to come weigh as much as those that were."""
        self._kept = self._kept[::2]
        self._table = self._table[::2]
        self._is_full, self.offered = False, len(self._kept)
