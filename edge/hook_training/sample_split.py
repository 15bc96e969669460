"""Train, validation and calibration split of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.samples import Samples

_OF: Final = 8
_TO_CHOOSE: Final = 3


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers of samples `(n,) int64`. No sample ever changes from one part to another."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    calibration: NDArray[np.int64]


def split(samples: Samples) -> Parts:
    """The sampler's own division: what is held is to choose by and to calibrate on, by its place."""
    choose = samples.slots % _OF < _TO_CHOOSE
    return Parts(
        train=np.flatnonzero(~samples.held),
        validation=np.flatnonzero(samples.held & choose),
        calibration=np.flatnonzero(samples.held & ~choose),
    )
