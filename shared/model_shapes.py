"""Sizes of a model's dynamic dimensions: given, from ``NAME.shape.yaml`` beside it, or from its card."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import lexists
from pathlib import Path
from typing import Final

import yaml

from evosplit.shared.card.schema import CHANNELS, Card
from evosplit.shared.errors import ModelError, UsageError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.graph.passes import Pins
from evosplit.shared.shape_text import Shape, parse_shape, shape_text

_NO_SHAPES: Final[Mapping[str, Shape]] = {}


def shape_file(model: Path) -> Path:
    """The file beside a model that pins its dynamic dimensions."""
    return model.parent / f"{model.stem}.shape.yaml"


def read_shapes(path: Path) -> dict[str, Shape]:
    """Shapes by input, of a mapping such as ``x: 1x3x640x640``; none without a file. Raises ModelError."""
    if not lexists(path):
        return {}
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as failed:
        raise ModelError(f"cannot read {path.name}: {' '.join(str(failed).split())}") from None
    if not isinstance(held, dict):
        raise ModelError(f"{path.name} has to map inputs to shapes, as in x: 1x3x640x640")
    try:
        return {str(name): _shape(shape) for name, shape in held.items()}
    except UsageError as wrong:
        raise ModelError(f"{path.name}: {wrong}") from None


def write_shapes(path: Path, shapes: Mapping[str, Shape]) -> None:
    """Write what `read_shapes` reads. Raises OSError."""
    written = yaml.safe_dump({name: shape_text(shape) for name, shape in shapes.items()})
    path.write_text(written, encoding="utf-8")


def load_model_file(
    path: Path, card: Card | None, shapes: Mapping[str, Shape] = _NO_SHAPES, name: str | None = None
) -> Graph:
    """`load_graph`, dynamic dimensions pinned by ``shapes``, then ``NAME.shape.yaml``, then the card's size.

    ``name`` is the file's stem unless given. Raises ModelError.
    """
    pinned = {**read_shapes(shape_file(path)), **shapes}
    if card is None or card.input.size is None:
        return load_graph(path, name, Pins(pinned))
    return load_graph(path, name, Pins(pinned, _picture(card, card.input.size), card.input.tensor))


def _picture(card: Card, size: tuple[int, int]) -> Shape:
    channels = CHANNELS[card.input.colour]
    return (1, channels, *size) if card.input.layout == "NCHW" else (1, *size, channels)


def _shape(given: object) -> Shape:
    """A list of sizes, or the text of them."""
    return parse_shape("x".join(map(str, given)) if isinstance(given, list) else str(given))
