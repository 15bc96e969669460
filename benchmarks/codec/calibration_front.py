"""Pareto front of the ways to send a boundary, by bytes and agreement on the inputs that calibrate.

As a planner with an accuracy promise it runs plans and looks at answers: which ways are worth trying does not
depend on the inputs that judge them at last.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.codec.codec_ways import Way
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card
from evosplit.shared.session import Runner

_FIRST: Final = 6
_HOPELESS: Final = 0.1
"""A way that loses so much on the first inputs is not followed any further."""

Outputs = Mapping[str, np.ndarray]
Pair = tuple[Way, Runner]


def calibration_front(card: Card, tail: Runner, made: Sequence[Outputs], pairs: Iterable[Pair]) -> list[Pair]:
    """Ways with the tails behind them that none of fewer bytes beats in agreement, fewest bytes first.

    ``made`` holds what the heads made of the calibration inputs, ``tail`` answers without any way.
    """
    right = [_answer(tail, tensors, {}) for tensors in made]
    judged = [(*_judged(card, pair, made, right), pair) for pair in pairs]
    front, most = [], 1 - _HOPELESS
    for _, kept, pair in sorted(judged, key=lambda row: row[0]):
        if kept > most:
            most = kept
            front.append(pair)
    return front


def _judged(card: Card, pair: Pair, made: Sequence[Outputs], right: Sequence[Outputs]) -> tuple[float, float]:
    """Mean bytes and mean agreement."""
    way, tail = pair
    sizes, kept = [], []
    for tensors, exact in zip(made, right, strict=True):
        size, arrived = way.sent(tensors)
        sizes.append(size)
        kept.append(agreement(card, exact, _answer(tail, tensors, arrived)))
        if len(kept) == _FIRST and statistics.fmean(kept) < 1 - _HOPELESS:
            break
    return statistics.fmean(sizes), statistics.fmean(kept)


def _answer(tail: Runner, tensors: Outputs, arrived: Outputs) -> Outputs:
    values = {**tensors, **arrived}
    return {**tensors, **tail.run({name: values[name] for name in tail.input_names})}
