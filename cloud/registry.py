"""The models of a folder, by name. A file that cannot be served does not keep the others from it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.card import Card, check_card, load_card
from shared.errors import CardError, EvoSplitError, ModelError, NotFoundError, UsageError
from shared.graph import Graph, load_graph
from shared.weights import strip_weights


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


def open_registry(folder: Path) -> Registry:
    """Load every ``*.onnx`` of a folder. Raises UsageError for a folder with none, ModelError if all fail."""
    if not folder.is_dir():
        raise UsageError(f"no folder of models at {folder}")
    paths = sorted(path for path in folder.glob("*.onnx") if path.is_file())
    if not paths:
        raise UsageError(f"no ONNX files (NAME.onnx) in {folder}")
    models: dict[str, Model] = {}
    broken: dict[str, EvoSplitError] = {}
    for path in paths:
        try:
            models[path.stem] = load_model(path)
        except (ModelError, CardError) as problem:  # noqa: PERF203 - a few files, each taking much longer
            broken[path.stem] = problem
    if not models:
        raise ModelError("; ".join(f"{name}: {problem}" for name, problem in broken.items()))
    return Registry(models, broken)


def load_model(path: Path) -> Model:
    """A model, and the card ``NAME.yaml`` beside it. Raises ModelError or CardError."""
    graph = load_graph(path, path.stem)
    card_path = path.with_suffix(".yaml")
    card = check_card(load_card(card_path), graph) if card_path.is_file() else None
    return Model(path, graph, card)
