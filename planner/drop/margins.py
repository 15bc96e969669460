"""Decision margins: by how much an answer beats every other one.

An answer allows some classes at each of its steps: one alone at the single step of a classifier, a symbol
(and what collapses into the same text) at each step of a text. Its margin is that by which the best allowed
class beats the best other one at the least sure step, in logits; it is positive as long as the answer holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.errors.output_error import check_classifier
from evosplit.planner.calibration.labels import Label
from evosplit.shared.card import Card
from evosplit.shared.card.outputs import ClassesOutput, RawOutput, TextCtcOutput, TextSlotsOutput
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.postprocess import postprocess

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
Steps: TypeAlias = NDArray[np.float64]
Allowed: TypeAlias = NDArray[np.bool_]

_LEAST_SHARE: Final = 1e-12
_SUMS_TO_ONE: Final = 1e-3
_MOST: Final = 1e6
"""Stands for the margin of an answer that nothing can change."""


@dataclass(frozen=True)
class Reader:
    """Reads outputs: ``steps`` gives (steps, classes) logits, ``answer`` what a label is compared with.

    ``allowed`` says of such logits which classes keep the network's own answer: (steps, classes).
    """

    steps: Callable[[Outputs], Steps]
    answer: Callable[[Outputs], Label]
    allowed: Callable[[Steps], Allowed]

    def gives(self, outputs: Outputs, label: Label) -> bool:
        """Whether this is the outputs' answer; scores of NaN give none."""
        return not np.isnan(self.steps(outputs)).any() and self.answer(outputs) == label


def reader_for(graph: Graph, card: Card | None) -> Reader | None:
    """Reads classes and texts by the card; without one (or a reading), one score per class.

    None for networks whose answers have no margin: boxes, pictures, texts of given forms, other values.
    """
    if card is None or isinstance(card.output, RawOutput):
        return _unread(graph)
    output = card.output
    if isinstance(output, ClassesOutput):
        return _classes(output.tensor or graph.outputs[0], output.scores == "probabilities")
    if isinstance(output, TextCtcOutput):
        name, transposed = output.tensor or graph.outputs[0], output.axes == "classes-time"
        return _text(card, name, transposed, lambda steps: ctc_allowed(steps, output.blank_index))
    if isinstance(output, TextSlotsOutput) and not output.forms:
        return _text(card, output.tensor or graph.outputs[0], False, only_best)
    return None


def margin(steps: Steps, allowed: Allowed) -> float:
    """By how much what is ``allowed`` wins at the least sure step; negative where something else does.

    Scores of NaN are no answer: nothing wins less.
    """
    if np.isnan(steps).any():
        return -_MOST
    best = np.where(allowed, steps, -np.inf).max(axis=1)
    other = np.where(allowed, -np.inf, steps).max(axis=1)
    return min(float(np.min(best - other)), _MOST)


def only_best(steps: Steps) -> Allowed:
    """The likeliest class of every step alone."""
    return np.asarray(np.arange(steps.shape[1]) == steps.argmax(axis=1)[:, None])


def only_class(steps: Steps, label: int) -> Allowed:
    """One class alone, at every step."""
    return np.broadcast_to(np.arange(steps.shape[1]) == label, steps.shape)


def ctc_allowed(steps: Steps, blank: int) -> Allowed:
    """The best path, and every class that may take its place at one step without changing the text.

    Repeats collapse and blanks go, so only the blank and the neighbours' symbols can be such classes.
    """
    path = steps.argmax(axis=1)
    text, allowed = collapse(path, blank), only_best(steps)
    for step in range(len(path)):
        for other in {blank, int(path[max(step - 1, 0)]), int(path[min(step + 1, len(path) - 1)])}:
            changed = path.copy()
            changed[step] = other
            allowed[step, other] |= collapse(changed, blank) == text
    return allowed


def collapse(path: NDArray[np.int64], blank: int) -> tuple[int, ...]:
    """The symbols of a path (steps,): repeats collapse, then blanks go (Graves et al. 2006)."""
    starts = path[np.flatnonzero(np.diff(path, prepend=-1))]
    return tuple(starts[starts != blank].tolist())


def _unread(graph: Graph) -> Reader | None:
    try:
        check_classifier(graph)
    except InputError:
        return None
    return _classes(graph.outputs[0], None)


def _classes(name: str, probabilities: bool | None) -> Reader:
    """``probabilities`` None: told from whether the scores add up to one."""

    def steps(outputs: Outputs) -> Steps:
        flat = outputs[name].astype(np.float64).reshape(1, -1)
        shares = (
            flat.min() >= 0 and abs(flat.sum() - 1) < _SUMS_TO_ONE if probabilities is None else probabilities
        )
        return np.log(np.maximum(flat, _LEAST_SHARE)) if shares else flat

    return Reader(steps, lambda outputs: int(outputs[name].reshape(-1).argmax()), only_best)


def _text(card: Card, name: str, transposed: bool, allowed: Callable[[Steps], Allowed]) -> Reader:
    def steps(outputs: Outputs) -> Steps:
        array = outputs[name].astype(np.float64)
        matrix = array.reshape(array.shape[-2:])
        return np.asarray(matrix.T if transposed else matrix)

    def answer(outputs: Outputs) -> str:
        return str(postprocess(card, outputs, (1, 1)).outcome["text"])

    return Reader(steps, answer, allowed)
