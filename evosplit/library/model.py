"""Models: an ONNX file with its card, its layers, and the places to cut it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from evosplit.library.card_files import find_card_or_none
from evosplit.library.report import Listing, Report, listing
from evosplit.shared.card import Card, card_from_data, check_card, load_card
from evosplit.shared.errors import ModelError, UsageError
from evosplit.shared.graph import Cut, Graph, Layer, prefix_cuts
from evosplit.shared.model_shapes import load_model_file
from evosplit.shared.model_summary import file_remarks, inspect_data
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_size

Shapes: TypeAlias = Mapping[str, Sequence[int]] | Sequence[int]
"""Sizes of inputs by name, or of the only input."""


@dataclass(frozen=True, repr=False)
class Model(Report):
    """A network as a graph of layers, with its card where there is one.

    ``path`` is the ONNX file, beside which calibration inputs are looked for; None of a model in memory.
    """

    graph: Graph
    path: Path | None
    declared_card: Card | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The stem of the file."""
        return self.graph.name

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The optimised graph's layers in the order of execution."""
        return self.graph.layers

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The cuts after the first 0, 1, ... layers; plans may also cut elsewhere."""
        return prefix_cuts(self.graph)

    @functools.cached_property
    def card(self) -> Card | None:
        """The model card. Raises CardError where it does not fit the network."""
        return self.declared_card and check_card(self.declared_card, self.graph)

    def to_dict(self) -> dict[str, Any]:
        """Layers and cuts, as `evosplit inspect --json` prints them."""
        return inspect_data(self.graph)

    def listings(self) -> tuple[Listing, ...]:
        """Layers, then cuts."""
        data = inspect_data(self.graph)
        title = f"{self.name}.onnx" if self.path is None else self.path.name
        return _layers(title, data["layers"]), _cuts(data["cuts"])

    def remarks(self) -> tuple[str, ...]:
        """What is not the network's in the file."""
        return file_remarks(self.graph)


def load(
    model: Path | str | bytes | onnx.ModelProto,
    shape: Shapes | None = None,
    card: Path | str | Mapping[str, Any] | Card | None = None,
    name: str = "model",
) -> Model:
    """Read an ONNX file, or take a model in memory (its content or its proto, called ``name``).

    ``shape`` pins dynamic dimensions, as in ``(1, 3, 224, 224)`` or ``{"x": (1, 3, 224, 224)}``; else
    ``NAME.shape.yaml`` beside the file or the card's ``input.size`` does. ``card`` is a model card, its file
    or its content; None takes ``NAME.yaml`` beside the file, or the one that comes with EvoSplit.

    Raises ModelError, CardError, and UsageError for one shape where there are several inputs.
    """
    if isinstance(model, Path | str):
        path = Path(model)
        declared = _card(path, card)
        return Model(_graph(path, declared, shape), path, declared)
    content = model if isinstance(model, bytes) else model.SerializeToString(deterministic=True)
    declared = None if card is None else _card(Path(), card)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.onnx"
        path.write_bytes(content)
        return Model(_graph(path, declared, shape), None, declared)


def _graph(path: Path, card: Card | None, shape: Shapes | None) -> Graph:
    if shape is None or isinstance(shape, Mapping):
        return load_model_file(path, card, _named(shape or {}))
    names = _input_names(path)
    if len(names) != 1:
        raise UsageError(f"{path.name} has the inputs {', '.join(names)}: name the one that a shape is for")
    return load_model_file(path, card, _named({names[0]: shape}))


def _input_names(path: Path) -> tuple[str, ...]:
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (OSError, DecodeError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    weights = {tensor.name for tensor in graph.initializer}
    return tuple(value.name for value in graph.input if value.name not in weights)


def _named(shapes: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    return {name: tuple(shape) for name, shape in shapes.items()}


def _card(path: Path, card: Path | str | Mapping[str, Any] | Card | None) -> Card | None:
    if card is None:
        card_path = find_card_or_none(path)
        return load_card(card_path) if card_path else None
    if isinstance(card, Card):
        return card
    return card_from_data(dict(card)) if isinstance(card, Mapping) else load_card(Path(card))


def _layers(title: str, layers: list[dict[str, Any]]) -> Listing:
    rows = (
        (
            number,
            layer["name"],
            layer["op"],
            f"{layer['macs']:,}",
            f"{layer['weight_elements']:,}",
            _dims(layer["output_shape"]),
        )
        for number, layer in enumerate(layers, start=1)
    )
    return listing(f"Layers of {title}", ("#", "layer", "op", "MACs", "weights", "output"), rows)


def _cuts(cuts: list[dict[str, Any]]) -> Listing:
    rows = (
        (
            cut["index"],
            cut["after"] or "(the input)",
            ", ".join(f"{tensor['name']} {_dims(tensor['shape'])}" for tensor in cut["boundary"]),
            format_size(cut["bytes"]),
        )
        for cut in cuts
    )
    return listing("Cuts", ("cut", "after layer", "boundary", "float32"), rows)


def _dims(shape: list[int]) -> str:
    return "x".join(str(extent) for extent in shape) or "scalar"
