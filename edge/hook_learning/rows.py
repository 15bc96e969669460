"""Bounded collections of examples, and the schedule by which hooks are fitted to them."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Row = TypeVar("Row")


class FitSchedule:
    """There is enough to fit from at ``least`` examples, then each time that there are ``growth`` times more.

    Examples that were forgotten since the last fit start it anew.
    """

    def __init__(self, least: int, growth: float) -> None:
        self._least = least
        self._growth = growth
        self._fitted_count = 0

    def is_due(self, count: int) -> bool:
        """Whether so many examples are enough."""
        if count < self._fitted_count:
            self._fitted_count = 0
        return count >= max(self._least, self._growth * self._fitted_count)

    def fitted(self, count: int) -> None:
        """A fit was made from so many."""
        self._fitted_count = count


class Rows(Generic[Row]):
    """The last ``most`` rows. Any thread may add and read."""

    def __init__(self, most: int, least: int, growth: float) -> None:
        self._rows: deque[Row] = deque(maxlen=most)
        self._schedule = FitSchedule(least, growth)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row) -> None:
        """Keep a row; the oldest goes where they are too many."""
        self._rows.append(row)

    def to_fit(self) -> list[Row] | None:
        """A copy of all rows once they are enough to fit from; None until then."""
        if not self._schedule.is_due(len(self._rows)):
            return None
        rows = list(self._rows)
        self._schedule.fitted(len(rows))
        return rows
