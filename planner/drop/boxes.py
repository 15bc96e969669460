"""The drop of networks that answer with boxes: the share of boxes that a plan does not keep."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from kernels.errors.types import ErrorTable
from planner.drop.estimate import Drop, Z
from planner.drop.split_run import SplitRun
from planner.encodings.wire import PictureWire
from shared.agreement import agreement
from shared.card import Card
from shared.errors import InputError
from shared.graph import Graph
from shared.plan import Plan
from shared.session import Runner

_FIRST_INPUTS: Final = 16

Values = Mapping[str, np.ndarray]


class BoxesDrop:
    """A `planner.drop.accuracy.Judge` by agreement with the float network; labels are not looked at.

    Arguments as of `planner.drop.measured.MeasuredDrop`. Raises InputError for no inputs.
    """

    def __init__(
        self,
        graph: Graph,
        card: Card,
        inputs: Sequence[Values],
        threads: int = 1,
        errors: ErrorTable | None = None,
        pictures: PictureWire | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        if not inputs:
            raise InputError("there are no calibration inputs to measure an accuracy drop on")
        self._graph, self._card, self._inputs, self._threads = graph, card, inputs, threads
        self._errors, self._pictures, self._progress = errors, pictures, progress
        runner = Runner(graph.model, threads)
        self._right = [runner.run(feeds) for feeds in inputs]

    def __call__(self, plan: Plan, max_drop: float) -> Drop:
        """The drop of a plan, in full unless it cannot be within ``max_drop``."""
        run = SplitRun(self._graph, plan, self._threads, self._errors, self._pictures)
        lost: list[float] = []
        check_at = _FIRST_INPUTS
        for feeds, right in zip(self._inputs, self._right, strict=True):
            lost.append(1 - agreement(self._card, right, run.run(feeds)))
            if self._progress is not None:
                self._progress(len(lost), len(self._inputs))
            if len(lost) == check_at:
                check_at *= 2
                if mean_drop(lost).lower > max_drop:
                    break
        return mean_drop(lost)


def mean_drop(lost: Sequence[float]) -> Drop:
    """The drop from the shares (n,) that single inputs lose.

    One more input is supposed that loses all, so that no loss seen is no promise of none; whoever checks
    sees the mean of as many other inputs, so that the variance of the mean counts twice.
    """
    count, measured = len(lost), float(np.mean(lost))
    supposed = np.array([*lost, 1.0])
    variance = float(np.var(supposed)) / count
    lower = measured - Z * math.sqrt(float(np.var(lost)) / count)
    return Drop(count, 1.0, measured, float(np.mean(supposed)), lower, measured + Z * math.sqrt(2 * variance))
