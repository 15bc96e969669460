"""Confidence bounds of the accuracy drop for inputs that were not seen.

Counting the answers that change says little: with 125 inputs none may change although 2 % of all inputs
would. Margins say more. Let m be the margin of an input's reference answer (its label; without labels the
float network's own answer) and d the change of that margin under a plan. Quantisation noise hardly depends on
how sure the network happens to be, so every observed change is tried on every margin:

    accuracy under the plan = P(m + d > 0), estimated over all pairs (i, j) of inputs        (a U-statistic)

Its variance is that of the two samples, of margins and of changes (Hoeffding 1948). Below the least margin
seen lies one input in n + 1, and near zero a density is flat: of those a change loses the share that it has
of that margin. The least of n margins is spread exponentially, so that this share may be off by itself.
Whoever checks the promise sees the drop of some other inputs: answers lost and won by luck add the variance
of as many draws. The upper end of this one-sided prediction interval is what is promised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Z: Final = 1.645
"""One-sided 95 % of a normal distribution."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drop:
    """A plan's accuracy beside the float network's, as shares of ``inputs`` (agreement without labels).

    ``measured`` is the drop on these inputs, ``expected`` its estimate for any input, ``lower`` the lower
    95 % confidence bound of that, ``upper`` the upper 95 % bound of the drop on as many other inputs.
    """

    inputs: int
    accuracy: float
    measured: float
    expected: float
    lower: float
    upper: float

    @property
    def promised(self) -> float:
        """The drop that is not exceeded on these inputs and, most likely, not on as many others."""
        return max(self.measured, self.upper)

    def holds(self, max_drop: float) -> bool:
        """Whether the promised drop is at most ``max_drop`` (a share)."""
        return self.promised <= max_drop


def estimate_drop(
    before: Floats, after: Floats, right: NDArray[np.bool_], still: NDArray[np.bool_], z: float = Z
) -> Drop:
    """The drop from the margins (n,) of the reference answers before and after quantisation.

    ``right`` and ``still`` (n,) say whether the answer is right before and after. An input that is wrong
    but has a positive margin (the text read is not its label) cannot become worse, and is not expected to
    become better. ``z`` is the quantile of the upper bound.
    """
    count = len(before)
    change = after - before
    margins = np.where(right | (before < 0), before, -np.inf)
    kept = margins[:, None] + change[None, :] > 0
    lost = (margins > 0)[:, None].astype(np.float64) - kept
    unseen = _unseen(margins, change)
    expected = float(lost.mean()) + unseen
    variance = (float(np.var(lost.mean(axis=1))) + float(np.var(lost.mean(axis=0)))) / count + unseen**2
    luck = (float(np.var(lost)) + unseen) / count
    measured = float(np.mean(right)) - float(np.mean(still))
    spread, upper = Z * math.sqrt(variance), expected + z * math.sqrt(variance + luck)
    accuracy = float(np.mean(right))
    return Drop(count, accuracy, measured, expected, expected - spread, upper)


def _unseen(margins: Floats, change: Floats) -> float:
    """The share of inputs that are lost below the least margin of a right answer."""
    positive = margins[margins > 0]
    if not positive.size:
        return 0.0
    return float(np.mean(np.clip(-change / positive.min(), 0, 1))) / (len(margins) + 1)
