"""Runs of equal answers: frames that follow each other are no independent evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def first_of_runs(answered: Iterable[tuple[T, str | None]]) -> Iterator[tuple[T, str]]:
    """The first of each run of equal answers; answers that are not discrete end a run and are left out.

    A car that stands for ten frames is read rightly or wrongly in all of them. To count it ten times would
    promise more than was seen.
    """
    last: str | None = None
    for item, answer in answered:
        if answer is not None and answer != last:
            yield item, answer
        last = answer
