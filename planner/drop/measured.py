"""Measured accuracy drop of a plan, by running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.calibration.labels import Label
from evosplit.planner.drop.estimate import Drop, estimate_drop
from evosplit.planner.drop.float_answers import FloatAnswers
from evosplit.planner.drop.margins import Allowed, Reader, margin, only_class
from evosplit.planner.drop.sequential_look import DropMemo, decided_drop
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings.picture_round_trip import PictureWire
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan
from evosplit.shared.restoration.store import RestorationOf

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
    plans with quantised activations alone, ``pictures`` for plans that send one, ``restoration_of`` for those
    that restore tensors. ``progress(done, total)`` counts the inputs of each plan. With labels the float
    network is run at once, else as plans are judged. Raises InputError for no inputs, labels of another
    number or kind, or labels that it never gets right.
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
        restoration_of: RestorationOf | None = None,
    ) -> None:
        if not inputs:
            raise InputError("there are no calibration inputs to measure an accuracy drop on")
        if labels is not None and len(labels) != len(inputs):
            raise InputError(f"there are {len(labels)} labels for {len(inputs)} calibration inputs")
        self._graph, self._reader, self._inputs = graph, reader, inputs
        self._threads, self._errors, self._pictures = threads, errors, pictures
        self._progress, self._restoration_of = progress, restoration_of
        self._known = DropMemo(self._measured)
        self._labels = labels
        self._references = FloatAnswers(graph, inputs, threads, self._reference)
        self._wrong = 0
        if labels is not None:
            right = [self._references[index].is_right for index in range(len(inputs))]
            self._wrong = right.count(False)
        if self._wrong == len(inputs):
            raise InputError("the float network gets none of the labels right, so no drop can be measured")

    def __call__(self, plan: Plan, max_drop: float) -> Drop:
        """The drop of a plan, in full unless it cannot be within ``max_drop``; equal plans are run once."""
        return self._known(plan, max_drop)

    def _measured(self, plan: Plan, max_drop: float) -> Drop:
        run = SplitRun(self._graph, plan, self._threads, self._errors, self._pictures, self._restoration_of)
        look = _Look(run, self._reader, self._inputs, self._references, self._wrong)
        return decided_drop(look, len(self._inputs), max_drop, _FIRST_INPUTS, self._progress)

    def _reference(self, index: int, outputs: Values) -> _Reference:
        """A class label allows that class; of a text only what the float network itself read is known."""
        label = None if self._labels is None else self._labels[index]
        steps, answer = self._reader.steps(outputs), self._reader.answer(outputs)
        if label is not None and type(label) is not type(answer):
            raise InputError(f"label {label!r} cannot be compared with the network's answer {answer!r}")
        if isinstance(label, int) and not 0 <= label < steps.shape[1]:
            raise InputError(f"label {label} is none of the network's {steps.shape[1]} classes")
        allowed = only_class(steps, label) if isinstance(label, int) else self._reader.allowed(steps)
        wanted = answer if label is None else label
        return _Reference(allowed, margin(steps, allowed), wanted, answer == wanted)


class _Look:
    """A `evosplit.planner.drop.sequential_look.Look` by margins; ``wrong`` of all references are wrong."""

    def __init__(
        self,
        run: SplitRun,
        reader: Reader,
        inputs: Sequence[Values],
        references: FloatAnswers[_Reference],
        wrong: int,
    ) -> None:
        self._run, self._reader, self._inputs, self._references = run, reader, inputs, references
        self._could_win = wrong
        self._seen: list[_Reference] = []
        self._after: list[float] = []
        self._still: list[bool] = []
        self._lost = 0

    def observe(self, index: int) -> None:
        reference, outputs = self._references[index], self._run.run(self._inputs[index])
        self._seen.append(reference)
        self._after.append(margin(self._reader.steps(outputs), reference.allowed))
        self._still.append(self._reader.gives(outputs, reference.label))
        self._lost += reference.is_right - self._still[-1]
        self._could_win -= not reference.is_right

    def drop(self, z: float) -> Drop:
        return estimate_drop(
            np.array([reference.margin for reference in self._seen]),
            np.array(self._after),
            np.array([reference.is_right for reference in self._seen]),
            np.array(self._still),
            z,
        )

    @property
    def certain(self) -> float:
        """Every wrong answer that is left might be won."""
        return (self._lost - self._could_win) / len(self._inputs)
