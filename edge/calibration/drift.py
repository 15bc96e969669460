"""Input drift: frames whose tensors leave the ranges that a plan was calibrated for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.restoration.transform import ChannelTransform

Tensors: TypeAlias = Mapping[str, NDArray[Any]]
Transforms: TypeAlias = Mapping[str, ChannelTransform]
FRAMES: Final = 50
LEAST_FRAMES: Final = 20
"""Of so many frames that were looked at last, and once there are at least so many ..."""
SHARE: Final = 0.1
"""... at most this share may be outside."""

SUSPICIOUS: Final = 2
"""So many outside of the last `RECENT` make a drift suspected: plans are audited within their budget."""
RECENT: Final = 5

CUT_OFF: Final[Mapping[int, float]] = {2: 0.24, 3: 0.08, 4: 0.03}
"""Share of a tensor's values beyond its range from which on a frame is outside, by bits; 0.02 above 4.

Four times what the range of least error cuts off of a Laplace distribution (Banner et al., arXiv 1810.05723).
"""
_LEAST: Final = 0.02


def share_beyond(plan: Plan, tensors: Tensors, transforms: Transforms = MappingProxyType({})) -> float:
    """The largest share of a tensor's values beyond its range, over what may be cut off: above 1 is outside.

    Of a tensor whose components are sent the range is theirs. 0 where the plan has no ranges of these
    tensors: nothing of it rests on calibration then.
    """
    codes = {name: (code.bits, code.low, code.high) for name, code in plan.wire.items()}
    codes |= {
        name: (plan.activation_bits.get(name, 8), low, high)
        for name, (low, high) in plan.activation_ranges.items()
    }
    worst = 0.0
    for name, (bits, low, high) in codes.items():
        array = _measured(plan, name, tensors, transforms)
        if array is None or low is None or high is None or not array.size:
            continue
        beyond = np.count_nonzero(array < low) + np.count_nonzero(array > high)
        worst = max(worst, beyond / array.size / CUT_OFF.get(bits, _LEAST))
    return worst


def _measured(plan: Plan, name: str, tensors: Tensors, transforms: Transforms) -> NDArray[Any] | None:
    """The tensor, or its components where the range is theirs; None where it is not there."""
    array, code = tensors.get(name), plan.wire.get(name)
    if array is None or code is None or code.transform is None or name in plan.activation_ranges:
        return array
    transform = transforms.get(code.transform)
    return None if transform is None else transform.components(array)


class Drift:
    """Counts frames that are outside, of one table at a time."""

    def __init__(self) -> None:
        self._table: PlanTable | None = None
        self._seen: deque[bool] = deque(maxlen=FRAMES)
        self._recent: deque[bool] = deque(maxlen=RECENT)

    def note(self, table: PlanTable, beyond: float) -> None:
        """One frame that a plan of the table answered, by `share_beyond`."""
        if table is not self._table:
            self.start_afresh()
            self._recent.clear()
            self._table = table
        self._seen.append(beyond > 1)
        self._recent.append(beyond > 1)

    @property
    def share(self) -> float:
        """Of the frames that were looked at last, how many were outside."""
        return sum(self._seen) / len(self._seen) if self._seen else 0.0

    @property
    def is_due(self) -> bool:
        """Whether the inputs are others than the plans were calibrated for."""
        return len(self._seen) >= LEAST_FRAMES and self.share > SHARE

    @property
    def is_suspected(self) -> bool:
        """Whether frames leave the ranges just now, few as they may be yet."""
        return sum(self._recent) >= SUSPICIOUS

    def start_afresh(self) -> None:
        """Forget what was counted; what is suspected stays so until frames or plans change."""
        self._seen.clear()
