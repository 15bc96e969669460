"""Agreement of two answers of one network, in the user's units, for every kind of model card and for none.

The unit is what `docs/decisions/accuracy-drop.md` promises: 1 for an answer that is kept, 0 for one that is
lost, shares for answers of many parts. Outputs that differ by floating-point noise alone always agree, so
that a float network never disagrees with itself over a near tie: of two classes, at a threshold, between
two boxes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card import Card
from evosplit.shared.card.outputs import ClassesOutput, ImageOutput, RawOutput
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.output_fidelity import FLOAT_NOISE, equal_in_float, picture_headroom, values_headroom
from evosplit.shared.postprocess import postprocess
from evosplit.shared.readings.pairs import boxes_kept
from evosplit.shared.readings.segmentation import cells_kept

Outputs: TypeAlias = Mapping[str, NDArray[Any]]


def agreement(card: Card | None, right: Outputs, answer: Outputs) -> float:
    """The share 0 to 1 of the float network's answer ``right`` that ``answer`` keeps; outputs by name.

    - classes: 1 where the best class is the same, or tied within float noise with it;
    - texts: 1 where they are equal;
    - boxes and faces: the share that finds a partner of its class, over the longer list, so that lost and
      invented ones both cost;
    - segmentations: the share of the mask's cells that keep their class;
    - pictures: 1 from a PSNR of 40 dB on, below it the tolerated error over the error;
    - raw outputs, or no card: of one score per class as classes; otherwise the worst output, each 1 up to a
      relative root mean square error of 1 %, beyond it the tolerated error over the error.

    NaN where the float network has none is lost. Raises CardError for outputs that do not fit the card.
    """
    return min(1.0, headroom(card, right, answer))


def headroom(card: Card | None, right: Outputs, answer: Outputs) -> float:
    """As `agreement`, but of pictures and values how many times the error could grow before it costs: over 1.

    Infinite for outputs that differ by floating-point noise alone.
    """
    if equal_in_float(right, answer):
        return math.inf
    if card is None or isinstance(card.output, RawOutput):
        return _unread(right, answer)
    if isinstance(card.output, ClassesOutput):
        return _class_kept(*(_named(outputs, card.output.tensor) for outputs in (right, answer)))
    if isinstance(card.output, ImageOutput):
        pictures = [_named(outputs, card.output.tensor) for outputs in (right, answer)]
        return picture_headroom(pictures[0], pictures[1], card.output.white)
    return _reading_kept(card, right, answer)


def is_graded(card: Card | None, outputs: Outputs) -> bool:
    """Whether answers are values, kept more or less (pictures, raw outputs), and not right or wrong."""
    if card is None or isinstance(card.output, RawOutput):
        return not _is_classifier(outputs)
    return isinstance(card.output, ImageOutput)


def is_score_vector(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether an output holds one float score for each of two classes or more: all axes but one are 1."""
    longest = max(shape, default=1)
    return dtype.kind == "f" and longest > 1 and longest == np.prod(shape)


def _unread(right: Outputs, answer: Outputs) -> float:
    if _is_classifier(right):
        (name,) = right
        return _class_kept(right[name], answer[name])
    return min(values_headroom(values, answer[name]) for name, values in right.items())


def _is_classifier(outputs: Outputs) -> bool:
    arrays = list(outputs.values())
    return len(arrays) == 1 and is_score_vector(arrays[0].shape, arrays[0].dtype)


def _class_kept(right: NDArray[Any], answer: NDArray[Any]) -> float:
    """1 where the class found is the best one, or ties with it: nearer than two float runs may differ."""
    true, told = right.reshape(-1).astype(np.float64), answer.reshape(-1)
    if true.shape != told.shape or not np.isfinite(told).all():
        return 0.0
    lead = true.max() - true[int(told.argmax())]
    return float(lead <= FLOAT_NOISE * np.abs(true).max())


def _reading_kept(card: Card, right: Outputs, answer: Outputs) -> float:
    """Texts, boxes and masks, read by the card at the size of the network's input."""
    size = card.input.size or (1, 1)
    try:
        true, told = (postprocess(card, outputs, size).outcome for outputs in (right, answer))
    except InputError:  # NaN, and not where the float network has it
        return 0.0
    if "mask" in true:
        return cells_kept(true, told)
    return (
        boxes_kept(true["boxes"], told["boxes"]) if "boxes" in true else float(true["text"] == told["text"])
    )


def _named(outputs: Outputs, name: str | None) -> NDArray[Any]:
    name = next(iter(outputs)) if name is None and len(outputs) == 1 else name
    if name is None or name not in outputs:
        raise CardError(f"no output {name!r} among {', '.join(outputs) or 'none'}")
    return outputs[name]
