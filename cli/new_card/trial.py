"""Trial of a new card on one picture: the network whole, and what looks wrong with its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card import Card, ClassesOutput
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.pictures import decode_picture
from evosplit.shared.postprocess import Reading, postprocess
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner

_EQUAL: Final = 1e-6
_CROWD: Final = 100


def try_card(card: Card, graph: Graph, picture_file: Path) -> tuple[Reading, tuple[str, ...]]:
    """The reading of a picture, and lines about what looks wrong with it. Raises InputError, CardError."""
    picture = _picture(picture_file)
    outputs = Runner(graph.model).run(preprocess(card, picture))
    reading = postprocess(card, outputs, (picture.shape[0], picture.shape[1]))
    return reading, tuple(_doubts(card, outputs, reading.outcome))


def _picture(path: Path) -> NDArray[np.uint8]:
    try:
        return decode_picture(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _doubts(card: Card, outputs: Mapping[str, NDArray[Any]], outcome: Any) -> Iterator[str]:  # noqa: ANN401
    for name, values in outputs.items():
        if values.dtype.kind == "f" and values.size > 1 and np.ptp(values) <= _EQUAL * np.abs(values).max():
            yield f"all numbers of {name} are equal: are colour, scale, mean and std those of its training?"
    if isinstance(card.output, ClassesOutput):
        yield from _class_doubts(card.output, outputs)
    if "boxes" in outcome:
        yield from _box_doubts(outcome["boxes"])
    if outcome.get("text") == "":
        yield "no text was read: is there one in the picture, and are colour and scale right?"
    if len(outcome.get("areas", ())) == 1:
        yield "the whole picture is one class: are colour, scale, mean and std right?"
    if "png_base64" in outcome and all(values.max() <= 0 for values in outputs.values()):
        yield "the picture is black: are scale and white right?"


def _class_doubts(output: ClassesOutput, outputs: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    values = outputs[output.tensor or next(iter(outputs))].reshape(-1)
    looks_shared = values.min() >= 0 and abs(float(values.sum()) - 1) < 1e-3
    if output.scores == "logits" and looks_shared:
        yield "the scores add up to one: they look like probabilities (--scores probabilities)"
    if output.scores == "probabilities" and (values.min() < 0 or values.max() > 1.001):
        yield "the scores do not lie in 0 to 1: they look like logits (--scores logits)"


def _box_doubts(boxes: list[dict[str, Any]]) -> Iterator[str]:
    if not boxes:
        yield "nothing was found: is a known thing in the picture, and are colour, scale and score right?"
    elif len(boxes) > _CROWD:
        yield f"{len(boxes)} boxes are more than a picture has things: is this the right kind of output?"
    elif boxes[0]["score"] > 1.001:
        yield f"the best score is {boxes[0]['score']}, and none should be above 1: is this the right kind?"
    elif all(_is_flat(box["box"]) for box in boxes):
        yield "no box has an area: is this the right kind of output?"


def _is_flat(corners: list[float]) -> bool:
    return corners[2] - corners[0] < 1 or corners[3] - corners[1] < 1
