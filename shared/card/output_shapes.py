"""Shapes of a model's outputs beside those that a card needs."""

from __future__ import annotations

from evosplit.shared.card.schema import Card
from evosplit.shared.errors import CardError
from evosplit.shared.graph.graph import Graph


def check_labels(card: Card, classes: int) -> None:
    """A label for each class, or none at all. Raises CardError."""
    if card.labels is not None and len(card.labels) != classes:
        raise CardError(f"{len(card.labels)} labels for {classes} classes")


def expect(holds: bool, graph: Graph, name: str | None, wanted: str) -> None:
    """Raises CardError with the shape that is ``wanted``."""
    if not holds:
        raise CardError(f"output {name} has shape {list(output_shape(graph, name))}, the card needs {wanted}")


def output_shape(graph: Graph, name: str | None) -> tuple[int, ...]:
    """The shape of an output of numbers. Raises CardError where there is none."""
    if name is None or name not in graph.outputs:
        raise CardError(f"the model has no output {name!r}, it has {', '.join(graph.outputs)}")
    if graph.tensors[name].dtype == "object":
        raise CardError(f"output {name!r} holds strings: only a card of kind raw reads them")
    return graph.tensors[name].shape
