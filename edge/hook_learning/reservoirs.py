"""Reservoir sampling: one balanced over the answers, one that is true to the stream."""

from __future__ import annotations

from array import array
from random import Random

import numpy as np
from numpy.typing import NDArray


class BalancedReservoir:
    """Places 0 .. ``capacity`` - 1, shared as evenly between the answers as the stream allows.

    Class-balancing reservoir sampling (Chrysakis and Moens 2020): an answer that has never been the largest
    takes a random place of the largest; another replaces one of its own with probability places / seen. What
    is kept of each answer is a uniform sample of all that was offered of it.
    """

    def __init__(self, capacity: int, most: int) -> None:
        self._capacity = capacity
        self._places = [array("i") for _ in range(most)]
        self._counts = np.zeros(most, np.int32)
        self._seen = np.zeros(most, np.int64)
        self._full = np.zeros(most, np.bool_)
        self.used = 0

    def place(self, code: int, random: Random) -> int | None:
        """Where the next sample of an answer goes, or None: nowhere."""
        self._seen[code] += 1
        if self.used < self._capacity:
            self.used += 1
            return self._add(code, self.used - 1)
        largest = int(self._counts.argmax())
        self._full[largest] = True
        if self._full[code]:
            index = random.randrange(int(self._seen[code]))
            return self._places[code][index] if index < self._counts[code] else None
        return self._add(code, self._take(largest, random))

    def merge(self, lost: int) -> None:
        """The samples of an answer that lost its name become those of code 0."""
        self._places[0].extend(self._places[lost])
        self._places[lost] = array("i")
        for counts in (self._counts, self._seen):
            counts[0] += counts[lost]
            counts[lost] = 0
        self._full[0] |= self._full[lost] or self._seen[0] > self._counts[0]
        self._full[lost] = False

    def restore(self, codes: NDArray[np.int32], state: NDArray[np.int64]) -> None:
        """Start from places 0 .. n - 1, which hold samples of these codes, and from `state`."""
        for place, code in enumerate(codes.tolist()):
            self._add(code, place)
        self.used = len(codes)
        self._seen[:], self._full[:] = state[0], state[1] > 0

    def state(self) -> NDArray[np.int64]:
        """What a restart needs beside the codes: `(2, most)`, how many were seen and who was the largest."""
        return np.stack([self._seen, self._full.astype(np.int64)])

    def _add(self, code: int, place: int) -> int:
        self._places[code].append(place)
        self._counts[code] += 1
        return place

    def _take(self, code: int, random: Random) -> int:
        places = self._places[code]
        index = random.randrange(len(places))
        place = places[index]
        places[index] = places[-1]
        places.pop()
        self._counts[code] -= 1
        return place


class UniformReservoir:
    """Places 0 .. ``capacity`` - 1 for a uniform sample of all that was offered (Vitter 1985, "R")."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.seen = 0

    def restore(self, seen: int) -> None:
        """Go on where so many had been offered."""
        self.seen = seen

    def place(self, random: Random) -> int | None:
        """Where the next sample goes, or None: nowhere."""
        self.seen += 1
        place = self.seen - 1 if self.seen <= self._capacity else random.randrange(self.seen)
        return place if place < self._capacity else None

    @property
    def used(self) -> int:
        """How many places hold a sample."""
        return min(self.seen, self._capacity)
