"""Drop of answers that are kept in part (boxes, pictures, raw values), by agreement alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.drop.estimate import Drop, Z
from evosplit.planner.drop.float_answers import FloatAnswers
from evosplit.planner.drop.sequential_look import DropMemo, decided_drop
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings.picture_round_trip import PictureWire
from evosplit.shared.agreement import headroom, is_graded
from evosplit.shared.card import Card
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan
from evosplit.shared.restoration.store import RestorationOf

_FIRST_INPUTS: Final = 16
_WORSE: Final = 16
"""So many inputs show the worst error of values to within a factor of two."""

Values = Mapping[str, np.ndarray]


class SharesDrop:
    """A `evosplit.planner.drop.accuracy.Judge` by agreement with the float network; labels are not looked at.

    Arguments as of `evosplit.planner.drop.measured.MeasuredDrop`. Raises InputError for no inputs.
    """

    def __init__(
        self,
        graph: Graph,
        card: Card | None,
        inputs: Sequence[Values],
        threads: int = 1,
        errors: ErrorTable | None = None,
        pictures: PictureWire | None = None,
        progress: Callable[[int, int], None] | None = None,
        restoration_of: RestorationOf | None = None,
    ) -> None:
        if not inputs:
            raise InputError("there are no calibration inputs to measure an accuracy drop on")
        self._graph, self._card, self._inputs, self._threads = graph, card, inputs, threads
        self._errors, self._pictures, self._progress = errors, pictures, progress
        self._restoration_of = restoration_of
        self._right = FloatAnswers[Values](graph, inputs, threads, lambda _, outputs: outputs)
        self._known = DropMemo(self._measured)

    def __call__(self, plan: Plan, max_drop: float) -> Drop:
        """The drop of a plan, in full unless it cannot be within ``max_drop``; equal plans are run once."""
        return self._known(plan, max_drop)

    def _measured(self, plan: Plan, max_drop: float) -> Drop:
        run = SplitRun(self._graph, plan, self._threads, self._errors, self._pictures, self._restoration_of)
        look = _Look(run, self._card, self._inputs, self._right)
        return decided_drop(look, len(self._inputs), max_drop, _FIRST_INPUTS, self._progress)


class _Look:
    """A `evosplit.planner.drop.sequential_look.Look` by shares kept."""

    def __init__(
        self, run: SplitRun, card: Card | None, inputs: Sequence[Values], right: FloatAnswers[Values]
    ) -> None:
        self._run, self._card, self._inputs, self._right = run, card, inputs, right
        self._rooms: list[float] = []

    def observe(self, index: int) -> None:
        self._rooms.append(headroom(self._card, self._right[index], self._run.run(self._inputs[index])))

    def drop(self, z: float) -> Drop:
        return mean_drop(self._rooms, is_graded(self._card, self._right[0]), z)

    @property
    def certain(self) -> float:
        """No input can keep more than all."""
        return sum(1 - min(1.0, room) for room in self._rooms) / len(self._inputs)


def mean_drop(rooms: Sequence[float], is_graded: bool = False, z: float = Z) -> Drop:
    """The drop from what single inputs keep (n,), as `evosplit.shared.agreement.headroom` says it.

    One more input is supposed, so that no loss seen is no promise of none: it loses all, or, where answers
    are ``graded`` values, 1 + 16 / n times the error of the worst. Only what never differs from the float
    network is not expected to. Whoever checks sees the mean of as many other inputs, so that the variance of
    the mean counts twice.
    """
    count, lost = len(rooms), [1 - min(1.0, room) for room in rooms]
    measured = float(np.mean(lost))
    worst = min(rooms) / (1 + _WORSE / count) if is_graded else 0.0
    one_more = 0.0 if min(rooms) == math.inf else 1 - min(1.0, worst)
    supposed = np.array([*lost, one_more])
    variance = float(np.var(supposed)) / count
    spread, upper = Z * math.sqrt(float(np.var(lost)) / count), measured + z * math.sqrt(2 * variance)
    expected = float(np.mean(supposed))
    return Drop(count, 1.0, measured, expected, measured - spread, upper)
