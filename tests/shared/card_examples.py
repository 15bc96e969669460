"""Cards and graphs for the tests of cards: small, and bent one field at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx

from evosplit.shared.card import Card, card_from_data
from evosplit.shared.graph.graph import Graph, Tensor


def card_data(**fields: Any) -> dict[str, Any]:
    """A card for three classes from 8 x 6 pictures; ``input__colour=...`` sets ``input.colour``."""
    data: dict[str, Any] = {
        "version": 1,
        "name": "small",
        "input": {"colour": "RGB", "resize": {"kind": "stretch"}},
        "output": {"kind": "classes"},
    }
    for path, value in fields.items():
        *parents, last = path.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        place[last] = value
    return data


def card(**fields: Any) -> Card:
    """``card_data``, parsed."""
    return card_from_data(card_data(**fields))


def graph(inputs: Mapping[str, tuple[int, ...]], outputs: Mapping[str, tuple[int, ...]]) -> Graph:
    """A graph without layers: cards look at inputs and outputs only."""
    tensors = {name: Tensor(name, shape, "float32") for name, shape in {**inputs, **outputs}.items()}
    return Graph("small", "0" * 64, (), tensors, tuple(inputs), tuple(outputs), onnx.ModelProto())


def graph_of(path: Path) -> Graph:
    """The inputs and outputs of an ONNX file, dynamic sizes pinned to 1."""
    model = onnx.load(path, load_external_data=False).graph
    weights = {initialiser.name for initialiser in model.initializer}
    inputs = {value.name: _shape(value) for value in model.input if value.name not in weights}
    return graph(inputs, {value.name: _shape(value) for value in model.output})


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(size.dim_value or 1 for size in value.type.tensor_type.shape.dim)
