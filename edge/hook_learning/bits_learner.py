"""Learner of bits hooks: which bit-width of a boundary tensor is enough, by what the tensor looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_learning.boundary_learner import BoundaryLearner, BoundaryTensor, Row
from evosplit.edge.hook_learning.examples import Variant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_training.bits_fit import bits_hook
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.features import FeatureSpec

WIDTHS: Final = (2, 3, 4, 6)
"""Bits to try below the plan's."""
MOST_PLAN_BITS: Final = 8
"""Of a plan that sends more, fewer bits are another plan's business."""
FEATURES: Final = FeatureSpec(grid=1)


class BitsLadder:
    """Widths below the plan's."""

    kind = "bits"

    def steps(self, boundary: BoundaryTensor) -> tuple[int, ...]:
        """Bit-widths."""
        return tuple(bits for bits in WIDTHS if bits < boundary.bits <= MOST_PLAN_BITS)

    def variant(self, name: str, step: int, tensor: NDArray[Any]) -> Variant:
        """The tensor in so many bits."""
        del tensor
        return Variant(bits={name: step})

    def features(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Statistics of its channels."""
        return FEATURES.of(tensor)

    def fit(self, name: str, boundary: BoundaryTensor, rows: Sequence[Row], target: float) -> BitsHook | None:
        """A classifier of the first width that is enough. In the plan's own, the answer always stays."""
        seen = np.stack([features for features, _ in rows])
        stays = np.array([(*kept, True) for _, kept in rows])
        widths = (*self.steps(boundary), boundary.bits)
        return bits_hook(name, boundary.name, FEATURES, widths, seen, stays, logistic, target)


def bits_learner(context: LearnerContext) -> BoundaryLearner:
    """The learner of bits hooks."""
    return BoundaryLearner(context, BitsLadder())
