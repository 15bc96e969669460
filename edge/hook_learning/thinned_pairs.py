"""A bounded sample of pairs of tensors, evenly over time, by repeated halving."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

MOST_PAIRS: Final = 200

Pair: TypeAlias = tuple[NDArray[np.float16], NDArray[np.float16]]
"""The tapped tensor and the boundary tensor of one frame."""


@dataclass(eq=False)
class ThinnedPairs:
    """At most ``most`` of the pairs offered, evenly over all the time.

    When they are too many, every other one goes, and from then on half as many are taken.
    """

    pairs: list[Pair] = field(default_factory=list)
    offered: int = 0
    every: int = 1

    def offer(self, seen: NDArray[Any], crossed: NDArray[Any], limit_bytes: int) -> None:
        """Copy a pair in half precision, all in ``limit_bytes``; values that are not finite are left out."""
        self.offered += 1
        if self.offered % self.every:
            return
        with np.errstate(over="ignore"):
            pair = seen.astype(np.float16), crossed.astype(np.float16)
        if not all(np.isfinite(values).all() for values in pair):
            return
        most = min(MOST_PAIRS, limit_bytes // sum(values.nbytes for values in pair))
        if len(self.pairs) >= max(most, 1):
            self.pairs, self.every = self.pairs[1::2], 2 * self.every
        if most:
            self.pairs.append(pair)
