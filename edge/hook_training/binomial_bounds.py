"""Exact binomial confidence bounds (Clopper and Pearson 1934), without SciPy."""

from __future__ import annotations

import numpy as np


def tail(failures: int, trials: int, rate: float) -> float:
    """P(X <= failures) for X ~ Binomial(trials, rate); terms by their logarithms, so that none underflows."""
    if failures >= trials or rate <= 0:
        return 1.0
    if failures < 0 or rate >= 1:
        return 0.0
    i = np.arange(1, failures + 1, dtype=np.float64)
    steps = np.log((trials - i + 1) / i) + np.log(rate / (1 - rate))
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + trials * np.log1p(-rate)
    return min(1.0, float(np.exp(logs).sum()))


def at_least(successes: int, trials: int, target: float, sure: float) -> bool:
    """Whether the lower bound of the share of successes is ``target`` or more.

    One tail says it: the bound reaches the target when so few failures would come with a probability of at
    most 1 - sure if the share were just the target.
    """
    return trials > 0 and tail(trials - successes, trials, 1 - target) <= 1 - sure
