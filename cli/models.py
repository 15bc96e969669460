"""Loads the model that a command names, with what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evosplit.cli.card_files import find_card_or_none
from evosplit.shared.card import load_card
from evosplit.shared.graph import Graph
from evosplit.shared.model_shapes import load_model_file
from evosplit.shared.shape_text import Shape


def load_model(model: Path, shapes: Mapping[str, Shape], card_file: Path | None = None) -> Graph:
    """The graph, dynamic dimensions pinned by ``--shape``, ``NAME.shape.yaml`` or the card's ``input.size``.

    Raises ModelError, CardError.
    """
    card_path = card_file or find_card_or_none(model)
    return load_model_file(model, load_card(card_path) if card_path else None, shapes)
