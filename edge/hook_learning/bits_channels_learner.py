"""Learner of bits and channels hooks: trials on one boundary tensor, and the hooks fitted to them.

From the mildest on, until one changes the answer: what is stronger counts as changing it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.bits_fit import bits_hook
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hooks.channels import ChannelsHook, energy, largest
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import TensorCode

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Keep: TypeAlias = Mapping[str, Bools]

WIDTHS: Final = (2, 3, 4, 6)
"""Bits to try below the plan's."""
KEPT: Final = (0.25, 0.5, 0.75)
"""Shares of the channels to try."""
MOST_ROWS: Final = 1500
MOST_BYTES: Final = 4 << 20
FEATURES: Final = FeatureSpec(grid=1)


class TrialLearner(Protocol):
    """One thing to learn about one tensor; ``kind`` is that of the hook."""

    kind: str

    @property
    def tries(self) -> int:
        """How many milder and stronger ways there are, the strongest first."""
        ...

    def way(self, tensor: NDArray[Any], at: int) -> tuple[Mapping[str, int], Keep]:
        """The bits and the channels of one of them."""
        ...

    def add(self, tensor: NDArray[Any], stays: tuple[bool, ...]) -> None:
        """A row: for which ways the answer stays."""
        ...

    def hook(self, name: str, target: float) -> Hook | None:
        """What can be shown from the rows until now; None where that is nothing. Raises LearningError."""
        ...

    def __len__(self) -> int: ...


@dataclass
class BitsLearner:
    """Which width is enough, by what the tensor looks like. ``widths`` end in the plan's."""

    tap: str
    widths: tuple[int, ...]
    rows: deque[tuple[Floats, tuple[bool, ...]]]
    kind: str = "bits"

    @property
    def tries(self) -> int:  # noqa: D102
        return len(self.widths) - 1

    def way(self, tensor: NDArray[Any], at: int) -> tuple[Mapping[str, int], Keep]:  # noqa: D102
        del tensor
        return {self.tap: self.widths[at]}, {}

    def add(self, tensor: NDArray[Any], stays: tuple[bool, ...]) -> None:  # noqa: D102
        features = FEATURES.of(tensor)
        if np.isfinite(features).all():
            self.rows.append((features, (*stays, True)))

    def hook(self, name: str, target: float) -> Hook | None:  # noqa: D102
        rows = list(self.rows)
        if not rows:
            return None
        seen, stays = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows])
        return bits_hook(name, self.tap, FEATURES, self.widths, seen, stays, logistic, target)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class ChannelsLearner:
    """How many of the channels have to stay, those of most energy. ``tops`` ascend."""

    tap: str
    channels: int
    tops: tuple[int, ...]
    elements: int
    rows: deque[tuple[bool, ...]] = field(default_factory=lambda: deque(maxlen=MOST_ROWS))
    kind: str = "channels"

    @property
    def tries(self) -> int:  # noqa: D102
        return len(self.tops)

    def way(self, tensor: NDArray[Any], at: int) -> tuple[Mapping[str, int], Keep]:  # noqa: D102
        return {}, {self.tap: largest(energy(tensor), self.tops[at])}

    def add(self, tensor: NDArray[Any], stays: tuple[bool, ...]) -> None:  # noqa: D102
        del tensor
        self.rows.append(stays)

    def hook(self, name: str, target: float) -> Hook | None:
        """The fewest channels that hold, looked for from the most on, so that each may be tested in full."""
        stays, top = np.array(list(self.rows), np.bool_).reshape(-1, len(self.tops)), None
        for at in reversed(range(len(self.tops))):
            if threshold(np.ones(len(stays)), stays[:, at], target) is None:
                break
            top = self.tops[at]
        if top is None:
            return None
        return ChannelsHook(name, self.tap, np.ones(self.channels, np.float32), top, self.elements)

    def __len__(self) -> int:
        return len(self.rows)


def learners_for(tensor: Tensor, code: TensorCode) -> tuple[TrialLearner, ...]:
    """What can be learned about a boundary tensor `(1, C, H, W)` that a plan sends as ``code``."""
    if len(tensor.shape) != 4 or not tensor.is_float:
        return ()
    found: list[TrialLearner] = []
    widths = tuple(width for width in WIDTHS if width < code.bits)
    if widths and code.bits <= 8:
        most = min(MOST_ROWS, MOST_BYTES // (4 * FEATURES.size(tensor.shape)))
        found.append(BitsLearner(tensor.name, (*widths, code.bits), deque(maxlen=most)))
    channels = tensor.shape[1]
    tops = sorted({round(channels * share) for share in KEPT} - {0, channels})
    if tops:
        found.append(ChannelsLearner(tensor.name, channels, tuple(tops), tensor.elements))
    return tuple(found)
