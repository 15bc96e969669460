"""Labels and alphabets that files leave out: those of the cards that come with EvoSplit."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from evosplit.shared.card import Card, TextCtcOutput, load_card
from evosplit.shared.errors import UsageError


def _shipped(name: str) -> Card:
    return load_card(Path(str(files("evosplit.cli"))) / "cards" / f"{name}.yaml")


def _alphabet(card: Card) -> str:
    return card.output.alphabet if isinstance(card.output, TextCtcOutput) else ""


CIFAR10: Final = _shipped("resnet20_cifar10").labels
COCO: Final = _shipped("yolox_nano").labels
LPRNET_ALPHABET: Final = _alphabet(_shipped("lprnet"))


def read_labels(path: Path) -> tuple[str, ...]:
    """A text file of labels, one a line; empty lines at the end do not count. Raises UsageError."""
    try:
        lines = path.read_text(encoding="utf-8").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as failed:
        raise UsageError(f"cannot read the labels in {path}: {' '.join(str(failed).split())}") from None
    if not lines:
        raise UsageError(f"{path} holds no labels: write one a line")
    return tuple(line.strip() for line in lines)
