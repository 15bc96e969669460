"""Queue-aware pricing: how long frames wait in a cloud, for many edges that see the same queue. Pure.

Edges that all follow one signal leave a busy cloud together, find it idle, and come back together. Three
things keep them apart (docs/decisions/cloud-queue.md): each takes up a reading only now and then, at turns of
its own; readings are smoothed; and an edge that does not use a cloud counts its wait more than once, since by
coming it would make it longer. Between that and what those who are there count, nobody moves.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from typing import Final

TAKEN_UP: Final = 1 / 4
"""The share of the readings that an edge takes up, at random."""
NEWEST: Final = 0.3
"""Weight of a reading in the mean."""
FEWEST: Final = 3
"""So many readings are taken up at once: an edge that starts knows nothing."""
JOINING: Final = 2.0
"""How often an edge that is not there counts the wait."""
NOTHING_S: Final = 1e-4
"""A shorter wait is none."""


@dataclass(frozen=True)
class CloudQueue:
    """The mean wait of frames in one cloud; ``seed`` is the edge's own, so that its turns are others'."""

    seed: int = 0
    readings: int = 0
    wait_s: float = 0.0

    def seen(self, wait_s: float) -> CloudQueue:
        """After one more reading."""
        count = self.readings + 1
        if count > FEWEST and random.Random(self.seed * 1_000_003 + count).random() >= TAKEN_UP:  # noqa: S311
            return dataclasses.replace(self, readings=count)
        mean_s = self.wait_s + NEWEST * (wait_s - self.wait_s)
        return CloudQueue(self.seed, count, mean_s if mean_s > NOTHING_S else 0.0)

    def counted_s(self, is_there: bool) -> float:
        """What the wait adds to a frame; ``is_there``: whether the edge's frames go to that cloud now."""
        return self.wait_s if is_there else JOINING * self.wait_s


NO_QUEUE: Final = CloudQueue()
"""Nothing was heard of a queue."""
