"""Cross-validation of linear fits: each fold of the inputs is judged by a fit to the others (Stone 1974).

The sums of a fit add up, so that leaving a fold out is a subtraction, and every input tells something of how
well a fit does on inputs that it has not seen.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.kernels.restoration.neighbourhoods import Floats32, Sums, merged, sums_over

FOLDS: Final = 4


def folds(count: int) -> tuple[range, ...]:
    """The indices of so many inputs in folds, every fourth in one."""
    return tuple(range(start, count, FOLDS) for start in range(FOLDS))


@dataclass(frozen=True)
class FoldSums:
    """The sums of each fold of the inputs."""

    by_fold: tuple[Sums, ...]

    @property
    def all(self) -> Sums:
        """Of all inputs."""
        return functools.reduce(merged, self.by_fold)

    def without(self, fold: int) -> Sums:
        """Of all inputs but a fold's."""
        return functools.reduce(merged, (*self.by_fold[:fold], *self.by_fold[fold + 1 :]))


def fold_sums(decoded: Sequence[Floats32], right: Sequence[Floats32]) -> FoldSums:
    """The sums of decoded and float features of each input, ``(1, C, H, W)``, by fold."""
    channels = right[0].shape[1]
    return FoldSums(
        tuple(
            sums_over(((decoded[index], right[index]) for index in fold), channels)
            for fold in folds(len(right))
        )
    )
