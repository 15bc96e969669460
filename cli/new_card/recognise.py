"""Recognition of a network's outputs: the first reading that fits, or none."""

from __future__ import annotations

from typing import Final

from evosplit.cli.new_card.dense_outputs import guess_dense
from evosplit.cli.new_card.guess import Guess, Outputs
from evosplit.cli.new_card.known_labels import COCO
from evosplit.cli.new_card.ssd_outputs import guess_ssd
from evosplit.cli.new_card.yolo_outputs import guess_yolo

_COCO_CLASSES: Final = 80


def recognise(outputs: Outputs) -> Guess:
    """What the outputs mean, how sure that is, and why in one line; `raw` where nobody knows."""
    readers = (guess_ssd, guess_yolo, guess_dense) if len(outputs.shapes) > 1 else (guess_yolo, guess_dense)
    return next((guess for reader in readers if (guess := reader(outputs)) is not None), _unknown(outputs))


def labels_of(outputs: Outputs, guess: Guess) -> tuple[str, ...] | None:
    """Names of classes: the file's own, else those of the data set that so many classes stand for."""
    if guess.classes is None and guess.output["kind"] not in ("boxes-rows", "boxes-ssd"):
        return None
    own = outputs.seen.labels
    if own is not None and guess.classes in (None, len(own)):
        return own
    if guess.classes == _COCO_CLASSES and guess.family in ("yolo", "yolox"):
        return COCO
    return guess.labels


def _unknown(outputs: Outputs) -> Guess:
    shapes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in outputs.shapes.items())
    why = f"no known reading of the outputs ({shapes}): results hold their numbers, unless --kind says more"
    return Guess("unknown", {"kind": "raw"}, "a guess", why)
