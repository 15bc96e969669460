"""Learner of channels hooks: how many channels of a boundary tensor have to travel, those of most energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_learning.boundary_learner import BoundaryLearner, BoundaryTensor, Row
from evosplit.edge.hook_learning.examples import Variant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hooks.channels import ChannelsHook, energy, largest

KEPT: Final = (0.25, 0.5, 0.75)
"""Shares of the channels to try."""


class ChannelsLadder:
    """Numbers of channels below all."""

    kind = "channels"

    def steps(self, boundary: BoundaryTensor) -> tuple[int, ...]:
        """Numbers of channels; none where components are sent, which have no zeros where channels have."""
        if boundary.code.transform is not None:
            return ()
        channels = boundary.tensor.shape[1]
        return tuple(sorted({round(channels * share) for share in KEPT} - {0, channels}))

    def variant(self, name: str, step: int, tensor: NDArray[Any]) -> Variant:
        """The so many channels of most energy."""
        return Variant(channels={name: largest(energy(tensor), step)})

    def features(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """None: the hook keeps equally many of every frame."""
        del tensor
        return np.zeros(0, np.float32)

    def fit(
        self, name: str, boundary: BoundaryTensor, rows: Sequence[Row], target: float
    ) -> ChannelsHook | None:
        """The fewest channels that hold, looked for from the most on, so that each may be tested in full."""
        tops, tensor = self.steps(boundary), boundary.tensor
        stays, top = np.array([kept for _, kept in rows], np.bool_), None
        for index in reversed(range(len(tops))):
            if threshold(np.ones(len(stays)), stays[:, index], target) is None:
                break
            top = tops[index]
        if top is None:
            return None
        baseline = np.ones(tensor.shape[1], np.float32)
        return ChannelsHook(name, tensor.name, baseline, top, tensor.elements)


def channels_learner(context: LearnerContext) -> BoundaryLearner:
    """The learner of channels hooks."""
    return BoundaryLearner(context, ChannelsLadder())
