"""Exact (Clopper and Pearson 1934) confidence statements about a share, without SciPy."""

from __future__ import annotations

from collections.abc import Callable

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


def below(successes: int, trials: int, target: float, sure: float) -> bool:
    """Whether the upper bound of the share of successes is below ``target``."""
    return trials > 0 and 1 - tail(trials - successes - 1, trials, 1 - target) < 1 - sure


def lower_bound(successes: int, trials: int, sure: float) -> float:
    """The greatest share that `at_least` grants; 0 without trials."""
    return _last(lambda share: at_least(successes, trials, share, sure))


def upper_bound(successes: int, trials: int, sure: float) -> float:
    """The least share that `below` denies; 1 without trials."""
    return 1 - _last(lambda rest: below(successes, trials, 1 - rest, sure))


def _last(holds: Callable[[float], bool]) -> float:
    """The greatest x in 0 .. 1 for which it holds, given that it holds up to there; 0 where it never does."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
