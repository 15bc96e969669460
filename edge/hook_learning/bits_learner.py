"""Learner of bits hooks: how coarse codes of a boundary tensor may be, by what the tensor looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from evosplit.shared.plan import ENTROPY_CODED, TensorCode

WIDTHS: Final = (2, 3, 4, 6)
"""Bits to try below the plan's, where codes are not entropy coded."""
MOST_PLAN_BITS: Final = 8
"""Of a plan that sends more, fewer bits are another plan's business."""
FEATURES: Final = FeatureSpec(grid=1)


class BitsLadder:
    """Codes coarser than the plan's: larger steps that the plan carries, or fewer bits."""

    kind = "bits"

    def steps(self, boundary: BoundaryTensor) -> tuple[TensorCode, ...]:
        """Codes, the coarsest first."""
        code = boundary.code
        if code.codec == ENTROPY_CODED:
            return tuple(step for step in boundary.easier if step.is_coarser(code))
        return tuple(replace(code, bits=bits) for bits in WIDTHS if bits < code.bits <= MOST_PLAN_BITS)

    def variant(self, name: str, step: TensorCode, tensor: NDArray[Any]) -> Variant:
        """The tensor in these codes."""
        del tensor
        return Variant(codes={name: step})

    def features(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Statistics of its channels."""
        return FEATURES.of(tensor)

    def fit(self, name: str, boundary: BoundaryTensor, rows: Sequence[Row], target: float) -> BitsHook | None:
        """A classifier of the first code that is enough. In the plan's own, the answer always stays."""
        seen = np.stack([features for features, _ in rows])
        stays = np.array([(*kept, True) for _, kept in rows])
        codes = (*self.steps(boundary), boundary.code)
        return bits_hook(name, boundary.name, FEATURES, codes, seen, stays, logistic, target)


def bits_learner(context: LearnerContext) -> BoundaryLearner:
    """The learner of bits hooks."""
    return BoundaryLearner(context, BitsLadder())
