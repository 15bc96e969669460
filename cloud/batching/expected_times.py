"""Exponential smoothing of how long groups of samples take, by what they are of."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from evosplit.shared.lru import Lru

_NEWEST: Final = 0.2
"""Weight of the newest duration in the mean."""
_MOST_KEYS: Final = 256


@dataclass(frozen=True)
class _Mean:
    group_s: float
    sample_s: float


class ExpectedTimes:
    """Means by key; nothing is expected to take any time before it was seen. Not locked."""

    def __init__(self) -> None:
        self._means: Lru[Hashable, _Mean] = Lru(_MOST_KEYS)

    def note(self, key: Hashable, taken_s: float, size: int) -> None:
        """A group of ``size`` samples took so long."""
        before = self._means.get(key) or _Mean(taken_s, taken_s / size)
        mean = _Mean(_smooth(before.group_s, taken_s), _smooth(before.sample_s, taken_s / size))
        self._means.put(key, mean)

    def group_s(self, key: Hashable) -> float:
        """Seconds from the turn of a group to its answers."""
        mean = self._means.get(key)
        return mean.group_s if mean else 0.0

    def sample_s(self, key: Hashable) -> float:
        """Seconds of a slot for each sample."""
        mean = self._means.get(key)
        return mean.sample_s if mean else 0.0


def _smooth(mean: float, newest: float) -> float:
    return (1 - _NEWEST) * mean + _NEWEST * newest
