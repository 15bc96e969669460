"""Model registry: the models of a folder, by name. A broken file does not stop the others."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.errors import CardError, EvoSplitError, ModelError, NotFoundError, UsageError
from evosplit.shared.graph import Graph
from evosplit.shared.model_shapes import load_model_file
from evosplit.shared.shape_text import Shape
from evosplit.shared.weights import strip_weights

Shapes = Mapping[str, Mapping[str, Shape]]
"""Shapes by model and input."""

_NO_SHAPES: Final[Shapes] = {}


@dataclass(frozen=True)
class Model:
    """One served network: its graph, and its card where there is one."""

    path: Path
    graph: Graph
    card: Card | None

    @property
    def name(self) -> str:
        """The stem of the file."""
        return self.graph.name

    @functools.cached_property
    def skeleton(self) -> bytes:
        """The ONNX model without its large weights: enough for an edge to measure itself."""
        return bytes(strip_weights(self.graph.model)[0].SerializeToString(deterministic=True))


@dataclass(frozen=True)
class Registry:
    """``broken`` holds what is wrong with each model that cannot be served."""

    models: Mapping[str, Model]
    broken: Mapping[str, EvoSplitError] = field(default_factory=dict)

    def get(self, name: str) -> Model:
        """The model of a name. Raises NotFoundError, or what is wrong with it."""
        if name in self.broken:
            raise type(self.broken[name])(str(self.broken[name]))
        if name not in self.models:
            raise NotFoundError(f"no model {name!r} here")
        return self.models[name]


def open_registry(folder: Path, shapes: Shapes = _NO_SHAPES) -> Registry:
    """Load every ``*.onnx`` of a folder, with ``shapes`` by model and input.

    Raises UsageError for a folder with none and for shapes of a model that is not there, ModelError if all
    fail.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder of models at {folder}")
    paths = sorted(path for path in folder.glob("*.onnx") if path.is_file())
    if not paths:
        raise UsageError(f"no ONNX files (NAME.onnx) in {folder}")
    for name in shapes.keys() - {path.stem for path in paths}:
        raise UsageError(f"a shape is given for {name!r}, but there is no {name}.onnx in {folder}")
    models: dict[str, Model] = {}
    broken: dict[str, EvoSplitError] = {}
    for path in paths:
        try:
            models[path.stem] = load_model(path, shapes.get(path.stem, {}))
        except (ModelError, CardError) as problem:  # noqa: PERF203 - a few files, each taking much longer
            broken[path.stem] = problem
    if not models:
        raise ModelError("; ".join(f"{name}: {problem}" for name, problem in broken.items()))
    return Registry(models, broken)


def load_model(path: Path, shapes: Mapping[str, Shape]) -> Model:
    """A model, and the card ``NAME.yaml`` beside it. Raises ModelError or CardError."""
    card_path = path.with_suffix(".yaml")
    card = load_card(card_path) if card_path.is_file() else None
    graph = load_model_file(path, card, shapes)
    return Model(path, graph, card and check_card(card, graph))
