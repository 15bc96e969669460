"""Lookup of a model's card."""

from __future__ import annotations

from importlib.resources import files
from os.path import lexists
from pathlib import Path

from evosplit.shared.errors import CardError


def find_card(model: Path) -> Path:
    """The card beside the model, else the one that comes with EvoSplit. Raises CardError without either."""
    card = find_card_or_none(model)
    if card is None:
        wanted = model.with_suffix(".yaml").name
        raise CardError(f"{model.name} has no model card: write {wanted} beside it (`evosplit new` does)")
    return card


def find_card_or_none(model: Path) -> Path | None:
    """As ``find_card``, for work that a card only helps."""
    own = Path(str(files("evosplit.cli"))) / "cards" / f"{model.stem}.yaml"
    return next((path for path in (model.with_suffix(".yaml"), own) if lexists(path)), None)
