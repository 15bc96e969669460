"""Reading of model cards from YAML files and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evosplit.shared.card.schema import Card
from evosplit.shared.errors import CardError


def load_card(path: Path) -> Card:
    """Read ``NAME.yaml``. Labels that name a file are read from beside it. Raises CardError."""
    try:
        data = yaml.safe_load(_text(path))
    except yaml.YAMLError as invalid:
        raise CardError(f"{path.name}: not YAML: {_one_line(invalid)}") from None
    if isinstance(data, dict) and isinstance(data.get("labels"), str):
        data["labels"] = _text(path.parent / data["labels"]).splitlines()
    try:
        return card_from_data(data)
    except CardError as invalid:
        raise CardError(f"{path.name}: {invalid}") from None


def labels_file(path: Path) -> tuple[Path, ...]:
    """The file of labels that a card names, where it names one."""
    try:
        data = yaml.safe_load(_text(path))
    except (CardError, yaml.YAMLError):
        return ()
    named = data.get("labels") if isinstance(data, dict) else None
    return (path.parent / named,) if isinstance(named, str) else ()


def card_from_data(data: Mapping[str, Any]) -> Card:
    """A card from parsed JSON or YAML, labels inline. Raises CardError with the first thing that is wrong."""
    if not isinstance(data, Mapping):
        raise CardError("a card is a mapping of fields (version, name, input, output, ...)")
    try:
        return Card.model_validate(dict(data))
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "card"
        raise CardError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None


def card_to_data(card: Card) -> dict[str, Any]:
    """Plain JSON that ``card_from_data`` reads back to the same card."""
    return card.model_dump(mode="json")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        raise CardError(f"cannot read {path.name}: {_one_line(failed)}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
