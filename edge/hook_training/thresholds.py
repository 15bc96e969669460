"""Threshold calibration: from held-out confidences to a threshold that keeps a stated agreement."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.binomial_bounds import at_least

_RATIO: Final = 1.1
"""Between the numbers of samples that answer at neighbouring thresholds."""

_STARTS: Final = 2


def threshold(
    confidence: NDArray[np.floating],
    agrees: NDArray[np.bool_] | NDArray[np.floating],
    target: float,
    sure: float = 0.95,
) -> float | None:
    """The least threshold at which held-out agreement is at least ``target`` by a lower confidence bound.

    ``confidence`` `(n,)` is the classifier's, ``agrees`` `(n,)` whether it gave the network's answer, or what
    share of it (shares count as fewer whole ones); both of samples that nothing was trained on. A sample
    answers when its confidence is at least the threshold; one of confidence 0 never does. None where no
    threshold holds.

    To take the best of many thresholds that each hold with probability ``sure`` would promise too much. The
    thresholds are therefore tried from the strictest on, up to the first that fails (fixed-sequence testing,
    Angelopoulos et al. 2021, "Learn then test"), from two places at half the risk each, as the strictest may
    fail by one unlucky sample. Each is tried by the exact bound of Clopper and Pearson.
    """
    order = np.argsort(-confidence, kind="stable")
    order = order[confidence[order] > 0]
    ranked, agreed = confidence[order], np.cumsum(agrees[order])
    risk = (1 - sure) / _STARTS
    sizes = list(_sizes(ranked, target, risk))
    passed = 0
    for start in range(0, len(sizes), max(1, math.ceil(len(sizes) / _STARTS))):
        for size in sizes[start:]:
            if not at_least(int(agreed[size - 1]), size, target, 1 - risk):
                break
            passed = max(passed, size)
    return float(ranked[passed - 1]) if passed else None


def can_show(target: float, count: int, sure: float) -> bool:
    """Whether so many trials could show an agreement of ``target`` at all, if none of them failed."""
    return threshold(np.ones(count), np.ones(count, np.bool_), target, sure) is not None


def _sizes(ranked: NDArray[np.floating], target: float, risk: float) -> Iterator[int]:
    """How many samples answer at each threshold to try, fewest first; fewer than the first prove nothing."""
    least = math.ceil(math.log(risk) / math.log(target)) if 0 < target < 1 else 1
    count, last = len(ranked), 0
    steps = int(math.log(count / least) / math.log(_RATIO)) if count >= least else -1
    for step in range(steps, -1, -1):
        rank = int(count / _RATIO**step)
        size = int(np.searchsorted(-ranked, -ranked[rank - 1], side="right"))
        if size > last:
            yield size
        last = size
