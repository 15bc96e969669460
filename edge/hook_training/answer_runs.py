"""Frames that follow each other are no independent evidence: what counts once of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from evosplit.edge.hook_training.thresholds import threshold

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


def can_show(target: float, count: int, sure: float) -> bool:
    """Whether so many trials could show an agreement of ``target`` at all, if none of them failed."""
    return threshold(np.ones(count), np.ones(count, np.bool_), target, sure) is not None
