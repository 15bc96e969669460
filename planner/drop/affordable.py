"""Subsampling of inputs to a budget of arithmetic, evenly spread over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, overload

from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.kernels.errors.probe_budget import works
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.shared.graph import Graph

JUDGE_BUDGET: Final = 200e9
"""Multiply-accumulates of one look at all inputs: the float network has one, and so has each plan that holds
or nearly does."""
LEAST_JUDGED: Final = 48
"""Fewer inputs could promise next to nothing."""


def affordable(graph: Graph, inputs: LabelledFeeds) -> LabelledFeeds:
    """All inputs of a small network, fewer of a large one; none is read before it is asked for."""
    total = len(inputs.feeds)
    count = max(LEAST_JUDGED, int(JUDGE_BUDGET / max(sum(works(graph)), 1.0)))
    if count >= total:
        return inputs
    picked = spread(total, count)
    labels = None if inputs.labels is None else tuple(inputs.labels[index] for index in picked)
    return LabelledFeeds(_Picked(inputs.feeds, picked), labels)


@dataclass(frozen=True)
class _Picked(Sequence[Feeds]):
    """Some items of a sequence, by their indices."""

    feeds: Sequence[Feeds]
    indices: Sequence[int]

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, place: int) -> Feeds: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Feeds]: ...

    def __getitem__(self, place: int | slice) -> Feeds | Sequence[Feeds]:
        if isinstance(place, slice):
            return _Picked(self.feeds, self.indices[place])
        return self.feeds[self.indices[place]]
