"""Served model: an ONNX graph with its card, read from the files of one version."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path

from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph
from evosplit.shared.model_shapes import load_model_file
from evosplit.shared.oip import MODEL_VERSION
from evosplit.shared.shape_text import Shape
from evosplit.shared.weights import strip_weights


@dataclass(frozen=True)
class Model:
    """One served network: its graph, and its card where there is one."""

    path: Path
    graph: Graph
    card: Card | None
    version: str = MODEL_VERSION

    @property
    def name(self) -> str:
        """The stem of the file, or the folder of its versions."""
        return self.graph.name

    @functools.cached_property
    def skeleton(self) -> bytes:
        """The ONNX model without its large weights: enough for an edge to measure itself."""
        return bytes(strip_weights(self.graph.model)[0].SerializeToString(deterministic=True))


def load_model(
    path: Path, shapes: Mapping[str, Shape], name: str | None = None, version: str = MODEL_VERSION
) -> Model:
    """A model, and the card ``STEM.yaml`` beside it. Raises ModelError or CardError."""
    card_path = card_file(path)
    card = load_card(card_path) if lexists(card_path) else None
    graph = load_model_file(path, card, shapes, name)
    return Model(path, graph, card and check_card(card, graph), version)


def card_file(path: Path) -> Path:
    """Where the card of an ONNX file lies."""
    return path.with_suffix(".yaml")
