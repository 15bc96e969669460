"""From held-out confidences to a threshold that keeps a stated agreement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def threshold(
    confidence: NDArray[np.floating], agrees: NDArray[np.bool_], target: float, sure: float = 0.95
) -> float | None:
    """The least threshold at which held-out agreement is at least ``target`` by a lower confidence bound.

    ``confidence`` `(n,)` is the classifier's, ``agrees`` `(n,)` whether it gave the network's answer; both of
    samples that nothing was trained on. None where no threshold holds. A sample answers when its confidence
    is at least the threshold.
    """
    raise NotImplementedError
