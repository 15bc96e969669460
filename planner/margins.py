"""How sure a network is of an answer: the margin by which it beats every other one.

A margin is in logits (differences of log probabilities). An answer holds as long as its margin is positive;
a text holds as long as each of its steps does, so its margin is that of its least sure step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from planner.labels import Label
from planner.output_measures import check_classifier
from shared.card import Card
from shared.card.outputs import ClassesOutput, TextCtcOutput, TextSlotsOutput
from shared.errors import InputError, UsageError
from shared.graph import Graph
from shared.postprocess import postprocess

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
Steps: TypeAlias = NDArray[np.float64]
Path: TypeAlias = NDArray[np.int64]

_LEAST_SHARE: Final = 1e-12


@dataclass(frozen=True)
class Reader:
    """Reads outputs: ``steps`` gives (steps, classes) logits, ``answer`` what a label is compared with."""

    steps: Callable[[Outputs], Steps]
    answer: Callable[[Outputs], Label]


def reader_for(graph: Graph, card: Card | None) -> Reader:
    """Reads classes and texts by the card; without one, the classes of a single output.

    Raises UsageError for networks that give no such answer (boxes, pictures).
    """
    if card is None:
        return _classes(graph, graph.outputs[0], probabilities=None)
    output = card.output
    if isinstance(output, ClassesOutput):
        return _classes(graph, output.tensor or graph.outputs[0], output.scores == "probabilities")
    if isinstance(output, TextCtcOutput | TextSlotsOutput) and not getattr(output, "forms", ()):
        transposed = isinstance(output, TextCtcOutput) and output.axes == "classes-time"
        return _text(card, output.tensor or graph.outputs[0], transposed)
    raise UsageError(
        f"{graph.name}: an accuracy drop needs a network that answers with classes or plain text"
    )


def best_path(steps: Steps) -> Path:
    """The likeliest class of every step: (steps,)."""
    return np.asarray(steps.argmax(axis=1))


def margin(steps: Steps, path: Path) -> float:
    """By how much ``path`` (steps,) beats all else at its least sure step; negative where it does not."""
    rows = np.arange(len(steps))
    others = steps.copy()
    others[rows, path] = -np.inf
    return float(np.min(steps[rows, path] - others.max(axis=1)))


def _classes(graph: Graph, name: str, probabilities: bool | None) -> Reader:
    if probabilities is None:
        try:
            check_classifier(graph)
        except InputError as other:
            raise UsageError(f"{other}; give a card") from None

    def steps(outputs: Outputs) -> Steps:
        flat = outputs[name].astype(np.float64).reshape(1, -1)
        shares = flat.min() >= 0 and abs(flat.sum() - 1) < 1e-3 if probabilities is None else probabilities
        return np.log(np.maximum(flat, _LEAST_SHARE)) if shares else flat

    return Reader(steps, lambda outputs: int(outputs[name].reshape(-1).argmax()))


def _text(card: Card, name: str, transposed: bool) -> Reader:
    def steps(outputs: Outputs) -> Steps:
        array = outputs[name].astype(np.float64)
        matrix = array.reshape(array.shape[-2:])
        return np.asarray(matrix.T if transposed else matrix)

    return Reader(steps, lambda outputs: str(postprocess(card, outputs, (1, 1)).outcome["text"]))
