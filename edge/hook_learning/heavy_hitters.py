"""Heavy hitters (bounded counting): answers seen often keep a name, the others share one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evosplit.edge.hooks.exit import OTHER


@dataclass(frozen=True)
class Entry:
    """An answer's code; ``lost`` is the code whose name had to go for it, or None."""

    code: int
    lost: int | None = None


class HeavyHitters:
    """Codes of answers; code 0 is `OTHER`.

    When the table is full, a new answer takes the place of the one seen least, of several the one seen
    longest ago (Metwally, Agrawal, El Abbadi 2005, "space saving", without their over-estimate), so that an
    answer that comes often finds its way in whatever came before.
    """

    def __init__(self, most: int) -> None:
        self.seen = np.zeros(most, np.int64)
        self._last = np.zeros(most, np.int64)
        self._codes: dict[str, int] = {OTHER: 0}
        self._names: list[str] = [OTHER]
        self._clock = 0

    def code(self, answer: str) -> Entry:
        """Count one more of an answer."""
        code = self._codes.get(answer)
        named = Entry(code) if code is not None else self._enter(answer)
        self._clock += 1
        self.seen[named.code] += 1
        self._last[named.code] = self._clock
        return named

    def all(self) -> tuple[str, ...]:
        """The names by code."""
        return tuple(self._names)

    def restore(self, names: tuple[str, ...], seen: np.ndarray) -> None:
        """Start from `all` and `seen` of a table of this size."""
        self._names, self._codes = list(names), {name: code for code, name in enumerate(names)}
        self.seen[:] = seen

    def _enter(self, answer: str) -> Entry:
        if len(self._names) < len(self.seen):
            self._codes[answer] = len(self._names)
            self._names.append(answer)
            return Entry(len(self._names) - 1)
        code = self._least()
        del self._codes[self._names[code]]
        self._codes[answer], self._names[code] = code, answer
        self.seen[0] += self.seen[code]
        self.seen[code] = 0
        return Entry(code, code)

    def _least(self) -> int:
        least = np.flatnonzero(self.seen[1:] == self.seen[1:].min()) + 1
        return int(least[self._last[least].argmin()])
