"""Context modelling: contexts from the codes around a code.

A context is a prediction from the neighbours to the left, above, above left and above right, weighed
3 3 -2 1 (a smoothed form of the gradient predictors of lossless image coding), in 11 levels, and the unrest
between these neighbours in 4, of which the first is none at all. Neighbours are distances from the centre,
cut off at `REACH`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.entropy_coding.tokens import REACH

LEVELS: Final = (1, 3, 5, 8, 13)
"""Least magnitudes of the prediction's levels, in fifths of a step."""
UNREST: Final = (1, 2, 5)
"""Least sums of the neighbours' differences."""
CONTEXTS: Final = (2 * len(LEVELS) + 1) * (len(UNREST) + 1)
OFFSET: Final = 9 * REACH
"""Where a prediction of zero stands in `LEVEL_TABLE`."""


def _level_table() -> NDArray[np.uint16]:
    predictions = np.arange(-OFFSET, OFFSET + 1)
    level = np.searchsorted(LEVELS, abs(predictions), side="right") * np.sign(predictions)
    return ((level + len(LEVELS)) * (len(UNREST) + 1)).astype(np.uint16)


LEVEL_TABLE: Final = _level_table()
"""Prediction + `OFFSET` -> first context of its level."""
UNREST_TABLE: Final = np.searchsorted(UNREST, np.arange(6 * REACH + 1), side="right").astype(np.uint16)
"""Sum of differences -> what it adds to the context."""
