"""The accuracy drop of a plan, measured by running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.calibration.labels import Label
from evosplit.planner.drop.estimate import Drop, estimate_drop
from evosplit.planner.drop.margins import Allowed, Reader, margin, only_class
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings.picture_round_trip import PictureWire
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan
from evosplit.shared.session import Runner

_FIRST_INPUTS: Final = 8
"""After so many, and twice as many each time, a plan may be given up: most candidates change every answer."""

Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Reference:
    """One input's reference answer: what it allows, the float network's margin, whether it is right."""

    allowed: Allowed
    margin: float
    label: Label
    is_right: bool


class MeasuredDrop:
    """A `evosplit.planner.drop.accuracy.Judge` of plans by labels, or else by the float network's answers.

    ``inputs`` are feeds by input name; they may be read lazily, and none is kept. ``errors`` is needed for
    plans with quantised activations alone, ``pictures`` for plans that send one. ``progress(done, total)``
    counts the inputs of each plan. Raises InputError for no inputs, labels of another number or kind, or
    labels that the float network never gets right.
    """

    def __init__(
        self,
        graph: Graph,
        reader: Reader,
        inputs: Sequence[Values],
        labels: Sequence[Label] | None = None,
        threads: int = 1,
        errors: ErrorTable | None = None,
        pictures: PictureWire | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        if not inputs:
            raise InputError("there are no calibration inputs to measure an accuracy drop on")
        if labels is not None and len(labels) != len(inputs):
            raise InputError(f"there are {len(labels)} labels for {len(inputs)} calibration inputs")
        self._graph, self._reader, self._inputs = graph, reader, inputs
        self._threads, self._errors, self._pictures = threads, errors, pictures
        self._progress = progress
        self._known: dict[tuple[str, float], Drop] = {}
        runner = Runner(graph.model, threads)
        wanted = [None] * len(inputs) if labels is None else labels
        self._references = [
            self._reference(runner.run(feeds), label) for feeds, label in zip(inputs, wanted, strict=True)
        ]
        if not any(one.is_right for one in self._references):
            raise InputError("the float network gets none of the labels right, so no drop can be measured")

    def __call__(self, plan: Plan, max_drop: float) -> Drop:
        """The drop of a plan, in full unless it cannot be within ``max_drop``; equal plans are run once."""
        key = (plan.without_cost, max_drop)
        if key not in self._known:
            self._known[key] = self._measured(plan, max_drop)
        return self._known[key]

    def _measured(self, plan: Plan, max_drop: float) -> Drop:
        run = SplitRun(self._graph, plan, self._threads, self._errors, self._pictures)
        after: list[float] = []
        still: list[bool] = []
        check_at, total = _FIRST_INPUTS, len(self._inputs)
        for feeds, reference in zip(self._inputs, self._references, strict=True):
            outputs = run.run(feeds)
            after.append(margin(self._reader.steps(outputs), reference.allowed))
            still.append(self._reader.answer(outputs) == reference.label)
            if self._progress is not None:
                self._progress(len(after), total)
            if len(after) == check_at and self._drop(after, still).lower > max_drop:
                break
            check_at *= 2 if len(after) == check_at else 1
        return self._drop(after, still)

    def _drop(self, after: Sequence[float], still: Sequence[bool]) -> Drop:
        references = self._references[: len(after)]
        return estimate_drop(
            np.array([one.margin for one in references]),
            np.array(after),
            np.array([one.is_right for one in references]),
            np.array(still),
        )

    def _reference(self, outputs: Values, label: Label | None) -> _Reference:
        """A class label allows that class; of a text only what the float network itself read is known."""
        steps, answer = self._reader.steps(outputs), self._reader.answer(outputs)
        if label is not None and type(label) is not type(answer):
            raise InputError(f"label {label!r} cannot be compared with the network's answer {answer!r}")
        if isinstance(label, int) and not 0 <= label < steps.shape[1]:
            raise InputError(f"label {label} is none of the network's {steps.shape[1]} classes")
        allowed = only_class(steps, label) if isinstance(label, int) else self._reader.allowed(steps)
        wanted = answer if label is None else label
        return _Reference(allowed, margin(steps, allowed), wanted, answer == wanted)
