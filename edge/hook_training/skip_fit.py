"""Fit of a skip hook, from frames that were run with and without a block. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trainers.hidden import fit_hidden
from evosplit.edge.hooks.skip import AVERAGE, NO_CHANGE, SkipHook

WIDTH: Final = 16
"""Values of the hidden layer."""
LEAST_ROWS: Final = 6


def fit_skip(
    name: str,
    ends: tuple[str, str],
    features: NDArray[np.float32],
    small: NDArray[np.bool_],
    same: NDArray[np.bool_],
    target: float,
) -> SkipHook | None:
    """The hook for the block between ``ends``, or None where it cannot keep ``target`` agreement.

    ``features`` `(n, C)` are `AVERAGE` of the block's input; ``small`` `(n,)` says where leaving it out does
    next to nothing, which is what the hook learns, and ``same`` where the answer stays, which is what is held
    against it. Every third row is held out.
    """
    if len(same) < LEAST_ROWS:
        return None
    held = np.arange(len(same)) % 3 == 0
    wanted = np.stack([~small, small], axis=1).astype(np.float32)
    classifier = fit_hidden(features[~held], wanted[~held], seed=0, most=WIDTH)
    share = classifier.scores(features[held])[:, NO_CHANGE]
    limit = threshold(share, same[held], target)
    return None if limit is None else SkipHook(name, *ends, AVERAGE, classifier, limit)
