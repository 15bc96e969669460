"""Anytime-valid test that a mean loss keeps a limit: an e-detector (Shin, Ramdas and Rinaldo 2022). Pure.

A gambler who starts before any one loss bets ``rate (loss - limit)`` of what he has on each: as long as the
mean of each loss, given those before it, is at most the limit, he can expect no gain (a supermartingale). So
his wealth is 1 / p or more with a probability of at most p, however often one looks (Ville 1939). Here some
gamblers of different courage start before each loss; the mean over courage of the best start is the evidence.
It reaches c within n losses with a probability of at most n / c, and after c losses or more on average.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_COURAGE: Final = np.array([0.15, 0.3, 0.5, 0.75, 0.92])
"""Rates are the best ones against these mean losses, from the limit (0) to 1 (1) on a logarithmic scale."""
_LEAST_LIMIT: Final = 1e-4
"""A limit of 0 would be proven missed by one loss of any size."""


def evidence(losses: NDArray[np.floating], limit: float) -> tuple[float, int]:
    """How much the last of ``losses`` (n,), each 0 to 1, speak for a mean above ``limit``, and from where on.

    1 or less says nothing; the index is n where no run of losses says anything.
    """
    count, limit = len(losses), max(limit, _LEAST_LIMIT)
    if not count or limit >= 1:
        return 1.0, count
    assumed = limit ** (1 - _COURAGE)
    rates = (assumed - limit) / (limit * (1 - limit))
    gains = np.log1p(rates[:, None] * (np.asarray(losses, np.float64) - limit))
    logs = np.concatenate([np.zeros((len(rates), 1)), np.cumsum(gains, axis=1)], axis=1)
    wealth = logs[:, -1] - logs.min(axis=1)
    boldest = int(wealth.argmax())
    # The last of equal starts: what came before says nothing.
    start = count - int(logs[boldest, ::-1].argmin())
    return float(np.exp(np.minimum(wealth, 500.0)).mean()), start
